"""Holding the provider's list of what it moved against the books, and naming each difference.

Fees that the provider took are known from its list alone: they are booked from it.
"""

import datetime as dt
from collections import defaultdict

from django.conf import settings
from django.utils.translation import gettext as _

from apps.core import clock
from apps.core.transactions import committed
from apps.ledger.enums import AccountKind
from apps.ledger.services import Movement, get_or_open_account, post_entry
from apps.payments.enums import Provider
from apps.payments.models import Payment
from apps.payments.providers import provider_named
from apps.payments.providers.base import BalanceKind, BalanceTransaction
from apps.payouts.enums import FaultKind
from apps.payouts.models import ReconciliationFault, ReconciliationRun
from apps.payouts.notices import tell_staff
from apps.payouts.selectors.cash import CashMovement, list_cash_movements

# The two sides do not write the same second: a counterpart may lie so far outside of the time that is compared.
MARGIN = dt.timedelta(days=1)
FEE = "provider.fee"
_DISPUTES = frozenset({BalanceKind.DISPUTE, BalanceKind.DISPUTE_REVERSAL})


def reconcile(*, since: dt.datetime, until: dt.datetime, provider: str = "") -> ReconciliationRun:
    """Compare `[since, until)`; of the provider that is used now where none is named.

    Asks the provider, so it cannot be called inside a transaction.
    """
    name = provider or settings.PAYMENT_PROVIDER
    listed = list(provider_named(name).list_balance_transactions(since=since - MARGIN, until=until + MARGIN))
    with committed():
        booked = list_cash_movements(provider=name, since=since - MARGIN, until=until + MARGIN)
        _book_fees([one for one in listed if since <= one.occurred_at < until])
        run = ReconciliationRun.objects.create(
            provider=name,
            since=since,
            until=until,
            transactions=sum(since <= one.occurred_at < until for one in listed),
            entries=sum(since <= one.occurred_at < until for one in booked),
        )
        faults = [fault for fault in _compare(run, listed, booked) if since <= fault.occurred_at < until]
        ReconciliationFault.objects.bulk_create(faults)
        if faults:
            lines = [f"{fault.get_kind_display()}: {fault.source or fault.transaction}" for fault in faults]
            tell_staff(f"{len(faults)} differences between the books and {name}", "\n".join(lines[:100]))
    return run


def reconcile_yesterday() -> list[ReconciliationRun]:
    """A run for each provider that moves money: cards that were saved with one go on when another is chosen."""
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    names = [settings.PAYMENT_PROVIDER, *_other_providers()]
    return [reconcile(since=today - dt.timedelta(days=1), until=today, provider=name) for name in names]


def _other_providers() -> list[str]:
    """Those that have been paid with, and can be asked."""
    used = Payment.objects.order_by().values_list("provider", flat=True).distinct()
    askable = {Provider.SANDBOX, *([Provider.STRIPE] if settings.STRIPE_SECRET_KEY else [])}
    return [name for name in used if name in askable and name != settings.PAYMENT_PROVIDER]


def _compare(
    run: ReconciliationRun, listed: list[BalanceTransaction], booked: list[CashMovement]
) -> list[ReconciliationFault]:
    """By the provider's reference and the direction: a dispute and its reversal have the same reference."""
    waiting: defaultdict[tuple[str, bool], list[CashMovement]] = defaultdict(list)
    for movement in booked:
        waiting[movement.reference, movement.amount > 0].append(movement)
    faults = []
    for transaction in listed:
        if transaction.kind == BalanceKind.FEE:
            continue
        # The fee of a dispute is booked with it, as its message tells it; others are booked from this list.
        amount = transaction.amount - (transaction.fee if transaction.kind in _DISPUTES else 0)
        found = waiting[transaction.source, transaction.amount > 0]
        counterpart = found.pop(0) if found else None
        if counterpart is None:
            faults.append(_fault(run, FaultKind.EXTRA, transaction, amount, None))
        elif (counterpart.amount, counterpart.currency) != (amount, transaction.currency):
            faults.append(_fault(run, FaultKind.CHANGED, transaction, amount, counterpart))
    for left in waiting.values():
        faults += [_fault(run, FaultKind.MISSING, None, None, movement) for movement in left]
    return faults


def _fault(
    run: ReconciliationRun,
    kind: FaultKind,
    transaction: BalanceTransaction | None,
    amount: int | None,
    movement: CashMovement | None,
) -> ReconciliationFault:
    one = transaction or movement
    assert one is not None  # a difference has at least one side
    return ReconciliationFault(
        run=run,
        kind=kind,
        source=movement.source if movement else "",
        transaction=transaction.id if transaction else "",
        currency=one.currency,
        booked_amount=movement.amount if movement else None,
        provider_amount=amount,
        occurred_at=one.occurred_at,
    )


def _book_fees(listed: list[BalanceTransaction]) -> None:
    for transaction in listed:
        if transaction.kind in _DISPUTES:
            continue
        fee = transaction.fee - (transaction.amount if transaction.kind == BalanceKind.FEE else 0)
        if fee:
            fees = get_or_open_account(kind=AccountKind.PROVIDER_FEES, currency=transaction.currency)
            cash = get_or_open_account(kind=AccountKind.PROVIDER_CASH, currency=transaction.currency)
            post_entry(
                source=f"{FEE}:{transaction.id}",
                description=_("Fee of the payment provider for %(what)s") % {"what": transaction.source},
                occurred_at=transaction.occurred_at,
                movements=[Movement(fees, fee), Movement(cash, -fee)],
            )
