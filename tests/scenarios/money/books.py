"""What holds of the money after every step of every story, whatever the story is."""

import datetime as dt
from collections import Counter, defaultdict

from django.db import connection
from django.db.models import F, Sum

from apps.accounts.models import Organization
from apps.billing.enums import InvoiceStatus
from apps.billing.models import CreditNote, Invoice, InvoiceLine
from apps.ledger.checks import list_faults
from apps.ledger.enums import AccountKind
from apps.ledger.models import JournalEntry, LedgerAccount, Posting
from apps.ledger.selectors import balance
from apps.payments.enums import PaymentStatus
from apps.payments.models import Payment
from apps.payments.providers import provider_named
from apps.payouts.selectors import balance_of, statement

_ISSUED = [InvoiceStatus.OPEN, InvoiceStatus.PAID, InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE]
_BEGINNING, _END = dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2060, 1, 1, tzinfo=dt.UTC)


def check_books(*, every_month: bool = False) -> None:
    """Raises AssertionError with what does not hold.

    Of the statements the latest is looked at, or that of `every_month`.
    """
    connection.check_constraints()  # what the database holds only at a commit
    assert list(list_faults()) == []
    _everything_sums_to_nothing()
    _documents_add_up()
    _numbers_have_no_gaps()
    _what_is_paid_was_charged_and_booked_once()
    _cash_is_what_the_provider_has()
    for account in LedgerAccount.objects.filter(kind=AccountKind.CREATOR_PAYABLE).select_related("organization"):
        assert account.organization is not None  # it is a creator's
        _statements_equal_the_books(account.organization, account.currency, every_month=every_month)


def _everything_sums_to_nothing() -> None:
    sums = Posting.objects.order_by().values_list("account__currency").annotate(total=Sum("amount"))
    assert all(total == 0 for _currency, total in sums), list(sums)


def _documents_add_up() -> None:
    sums = InvoiceLine.objects.order_by().values_list("invoice").annotate(net=Sum("amount"), tax=Sum("tax_amount"))
    lines = {invoice: (net, tax) for invoice, net, tax in sums}
    credited = dict(CreditNote.objects.order_by().values_list("invoice").annotate(total=Sum("total_amount")))
    for invoice in Invoice.objects.filter(status__in=_ISSUED):
        assert (invoice.subtotal_amount, invoice.tax_amount) == lines[invoice.pk], invoice
        assert invoice.subtotal_amount + invoice.tax_amount == invoice.total_amount > 0, invoice
        assert 0 <= invoice.credited_amount == credited.get(invoice.pk, 0) <= invoice.total_amount, invoice


def _numbers_have_no_gaps() -> None:
    """From one on, in the year of their issue."""
    issued = Invoice.objects.filter(status__in=_ISSUED).values_list("issued_at", "number")
    written = CreditNote.objects.values_list("issued_at", "number")
    for prefix, documents in (("INV", issued), ("CN", written)):
        found: defaultdict[int, list[str]] = defaultdict(list)
        for at, number in documents:
            found[at.year].append(number)
        for year, numbers in found.items():
            assert sorted(numbers) == [f"{prefix}-{year}-{place:06}" for place in range(1, len(numbers) + 1)]
    assert not Invoice.objects.filter(status=InvoiceStatus.DRAFT, number__gt="").exists()


def _what_is_paid_was_charged_and_booked_once() -> None:
    """One payment that succeeded, of what was due, and one entry of the same cash."""
    charged: defaultdict[str, list[int]] = defaultdict(list)
    for reference, amount in Payment.objects.filter(status=PaymentStatus.SUCCEEDED).values_list("reference", "amount"):
        charged[reference].append(amount)
    booked = dict(
        Posting.objects.filter(entry__source__startswith="invoice.paid:", account__kind=AccountKind.PROVIDER_CASH)
        .order_by()
        .values_list("entry__source")
        .annotate(total=Sum("amount"))
    )
    let_off = dict(
        CreditNote.objects.filter(is_refund=False).order_by().values_list("invoice").annotate(total=Sum("total_amount"))
    )
    paid = Invoice.objects.filter(status=InvoiceStatus.PAID)
    for invoice in paid:
        due = invoice.total_amount - let_off.get(invoice.pk, 0)
        assert charged.pop(invoice.public_id, None) == [due], invoice
        assert booked.pop(f"invoice.paid:{invoice.public_id}", None) == due, invoice
    assert (dict(charged), booked) == ({}, {}), "paid, but of no paid invoice"
    entries = JournalEntry.objects.filter(source__startswith="invoice.paid:")
    assert entries.count() == paid.count() == paid.filter(paid_at__gte=F("issued_at")).count()


def _cash_is_what_the_provider_has() -> None:
    """The sandbox keeps books of its own, and knows nothing of ours."""
    has: Counter[str] = Counter()
    for moved in provider_named("sandbox").list_balance_transactions(since=_BEGINNING, until=_END):
        has[moved.currency] += moved.amount - moved.fee
    for account in LedgerAccount.objects.filter(kind=AccountKind.PROVIDER_CASH):
        assert balance(account) == has.pop(account.currency, 0), account
    assert not any(has.values()), has


def _statements_equal_the_books(organization: Organization, currency: str, *, every_month: bool) -> None:
    """Each begins where the one before it ended, and the last one ends with the balance."""
    moved = Posting.objects.filter(
        account__kind=AccountKind.CREATOR_PAYABLE, account__organization=organization, account__currency=currency
    ).values_list("entry__occurred_at", "amount")
    earned: Counter[str] = Counter()
    for at, amount in moved:
        earned[at.strftime("%Y-%m")] -= amount
    months = sorted(earned)
    for month in months if every_month else months[-1:]:
        start = dt.datetime.strptime(month, "%Y-%m").replace(tzinfo=dt.UTC)
        found = statement(organization, currency, start, (start + dt.timedelta(days=32)).replace(day=1))
        assert found.opening_amount == sum(earned[one] for one in months if one < month), month
        assert found.closing_amount - found.opening_amount == earned[month], month
        assert found.net_amount + found.payout_amount == earned[month], month
    now = balance_of(organization, currency)
    assert earned.total() == now.total_amount
    parts = (now.pending_amount, now.reserve_amount, now.available_amount, now.negative_amount)
    assert min(parts) >= 0, parts
    assert sum(parts) - 2 * now.negative_amount == now.total_amount
