"""What moved the platform's balance at Stripe, in the words of the port."""

import datetime as dt
import math
from collections.abc import Iterator

import stripe

from apps.payments.providers.base import BalanceKind, BalanceTransaction
from apps.payments.providers.stripe.amounts import from_stripe
from apps.payments.providers.stripe.client import asking, client
from apps.payments.providers.stripe.names import KEY

_KINDS = {
    "charge": BalanceKind.CHARGE,
    "payment": BalanceKind.CHARGE,
    "refund": BalanceKind.REFUND,
    "payment_refund": BalanceKind.REFUND,
    "refund_failure": BalanceKind.REFUND,
    "payment_failure_refund": BalanceKind.REFUND,
    "stripe_fee": BalanceKind.FEE,
    "transfer": BalanceKind.TRANSFER,
    "transfer_refund": BalanceKind.TRANSFER_REVERSAL,
}
_ADJUSTMENTS = {"dispute": BalanceKind.DISPUTE, "dispute_reversal": BalanceKind.DISPUTE_REVERSAL}
PAGE = 100


def transactions(since: dt.datetime, until: dt.datetime) -> Iterator[BalanceTransaction]:
    """Money that only goes to or comes from the platform's own bank is none of these."""
    # Stripe's times are whole seconds.
    with asking():
        listed = client().v1.balance_transactions.list(
            {
                "created": {"gte": math.ceil(since.timestamp()), "lt": math.ceil(until.timestamp())},
                "limit": PAGE,
                "expand": ["data.source"],
            }
        )
        newest_first = [found for each in listed.auto_paging_iter() if (found := _movement(each)) is not None]
    yield from reversed(newest_first)


def _movement(transaction: stripe.BalanceTransaction) -> BalanceTransaction | None:
    kind = _KINDS.get(transaction.type) or _ADJUSTMENTS.get(transaction.reporting_category)
    if kind is None:
        return None
    currency = transaction.currency.upper()
    return BalanceTransaction(
        id=transaction.id,
        kind=kind,
        amount=from_stripe(transaction.amount, currency),
        fee=from_stripe(transaction.fee, currency),
        currency=currency,
        source=_source(transaction),
        occurred_at=dt.datetime.fromtimestamp(transaction.created, dt.UTC),
    )


def _source(transaction: stripe.BalanceTransaction) -> str:
    """The reference that our row has: of a charge its PaymentIntent, of a reversal that is not ours its transfer."""
    source = transaction.source
    if source is None or isinstance(source, str):
        return source or ""
    if isinstance(source, stripe.Reversal) and KEY not in (source.metadata.to_dict() if source.metadata else {}):
        return source.transfer if isinstance(source.transfer, str) else source.transfer.id
    intent = source.payment_intent if isinstance(source, stripe.Charge) else None
    if intent is not None:
        return intent if isinstance(intent, str) else intent.id
    return str(source.id)
