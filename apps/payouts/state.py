"""The one table of what a payout may become."""

from apps.payouts.enums import PayoutStatus

_S = PayoutStatus

TRANSITIONS: dict[str, frozenset[str]] = {
    _S.PENDING_APPROVAL: frozenset({_S.APPROVED, _S.CANCELED}),
    _S.APPROVED: frozenset({_S.SENDING, _S.HELD, _S.PAID, _S.FAILED, _S.CANCELED}),
    _S.HELD: frozenset({_S.APPROVED, _S.FAILED, _S.CANCELED}),
    # Nobody cancels what the provider may have done already.
    _S.SENDING: frozenset({_S.PAID, _S.HELD, _S.FAILED}),
    # The money came back after it had arrived, or the bank sent it back.
    _S.PAID: frozenset({_S.REVERSED}),
    _S.FAILED: frozenset(),
    _S.CANCELED: frozenset(),
    _S.REVERSED: frozenset(),
}


def may_become(status: str, target: str) -> bool:
    return target in TRANSITIONS[status]
