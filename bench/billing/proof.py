"""What holds after the night, however often its processes were killed."""

from django.db.models import Count, F, Max, Sum

from apps.billing.enums import InvoiceStatus
from apps.billing.models import Invoice, NumberSeries
from apps.ledger.models import JournalEntry, Posting
from apps.ledger.selectors import list_unbalanced_entries
from apps.payments.models import Payment, SandboxCharge
from apps.subscriptions.models import Subscription
from bench.billing.build import INCLUDED, PRICE, USAGE_DAYS


def prove(size: int) -> None:
    """Raises AssertionError where a period has not exactly one invoice that is right, paid and booked once."""
    invoices = Invoice.objects.filter(status=InvoiceStatus.PAID, reason="renewal")
    _equal("invoices", Invoice.objects.count(), size)
    _equal("paid renewals", invoices.count(), size)
    _equal("subscriptions with one invoice", invoices.values("subscription").distinct().count(), size)
    _equal("subscriptions in their next period", _in_next_period(), size)
    _equal("last number", NumberSeries.objects.aggregate(last=Max("last_number"))["last"], size)
    _equal("numbers", invoices.values("number").distinct().count(), size)
    _equal("payments", Payment.objects.filter(status="succeeded").values("reference").distinct().count(), size)
    _equal("charges at the provider", SandboxCharge.objects.count(), size)
    _equal("entries of the journal", JournalEntry.objects.count(), size)
    _equal("entries that do not balance", list_unbalanced_entries().count(), 0)
    _equal("sum of the ledger", Posting.objects.aggregate(sum=Sum("amount"))["sum"], 0)
    cash = Posting.objects.filter(account__kind="provider_cash").aggregate(sum=Sum("amount"))["sum"]
    _equal("cash", cash, SandboxCharge.objects.aggregate(sum=Sum("amount"))["sum"])
    _equal("amounts", _amounts(), _expected(size))


def _in_next_period() -> int:
    return Subscription.objects.filter(status="active", invoices__period_start=F("current_period_start")).count()


def _amounts() -> dict[int, int]:
    """How many invoices there are of each total."""
    rows = Invoice.objects.order_by().values("total_amount").annotate(count=Count("pk"))
    return {row["total_amount"]: row["count"] for row in rows}


def _expected(size: int) -> dict[int, int]:
    """The same from the terms: the price, and 2 minor units for each unit beyond the included ones."""
    expected: dict[int, int] = {}
    for number in range(1, size + 1):
        units = USAGE_DAYS * (20 + number % 3 * 20)
        total = PRICE + 2 * max(0, units - INCLUDED)
        expected[total] = expected.get(total, 0) + 1
    return expected


def _equal(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"{what}: {found}, and not {expected}")
