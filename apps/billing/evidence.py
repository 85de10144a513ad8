"""What a line of an invoice is evidenced by, and all that an organization is charged in a month."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import F

from apps.accounts.access import Actor
from apps.billing.enums import InvoiceStatus, LineKind
from apps.billing.models import CreditNote, Invoice, InvoiceLine
from apps.billing.rates import forecast_tax
from apps.billing.selectors import list_invoices
from apps.core import clock
from apps.plans.enums import OverageRule
from apps.plans.models import Quota
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.usage.selectors import billable_days


@dataclass(frozen=True)
class Evidence:
    """The units behind a line of extra units, by the day (UTC) on which they were used."""

    quota: Quota
    days: list[tuple[dt.date, int]]

    @property
    def used(self) -> int:
        return sum(units for _day, units in self.days)

    @property
    def extra(self) -> int:
        return max(0, self.used - self.quota.included_units)


def evidence_of(line: InvoiceLine) -> Evidence | None:
    """None for a line that charges no usage."""
    quota = line.plan.quotas.exclude(overage=OverageRule.BLOCK).first() if line.kind == LineKind.OVERAGE else None
    if quota is None:
        return None
    days = billable_days(line.invoice.subscription, quota=quota, start=line.period_start, end=line.period_end)
    return Evidence(quota, days)


@dataclass
class MonthSums:
    """Minor units of one currency, tax included."""

    issued: int = 0
    credited: int = 0
    paid: int = 0
    due: int = 0


@dataclass(frozen=True)
class Upcoming:
    """What a subscription will be charged for its next period, as it stands: the price of its plan.

    With the tax on it at today's rate (`tax_amount`); None: that is known once the invoice is issued.
    """

    subscription: Subscription
    at: dt.datetime
    price_amount: int
    tax_amount: int | None
    currency: str

    @property
    def amount(self) -> int:
        return self.price_amount + (self.tax_amount or 0)


@dataclass(frozen=True)
class Month:
    """All that was issued to an organization in a month (UTC) over all products, and what comes next."""

    start: dt.datetime
    end: dt.datetime
    invoices: list[Invoice]
    credit_notes: list[CreditNote]
    sums: dict[str, MonthSums] = field(default_factory=dict)


def month_of(actor: Actor, start: dt.datetime) -> Month:
    """The month that begins at `start`. Void invoices are listed and asked for by nobody."""
    end = (start + dt.timedelta(days=32)).replace(day=1)
    issued = list_invoices(actor).filter(issued_at__gte=start, issued_at__lt=end)
    invoices = list(issued.prefetch_related("credit_notes"))
    notes = list(
        CreditNote.objects.filter(
            invoice__organization=actor.organization, issued_at__gte=start, issued_at__lt=end
        ).select_related("invoice__product")
    )
    month = Month(start, end, invoices, notes)
    for invoice in invoices:
        sums = month.sums.setdefault(invoice.currency, MonthSums())
        if invoice.status == InvoiceStatus.VOID:
            continue
        sums.issued += invoice.total_amount
        if invoice.status == InvoiceStatus.PAID:
            sums.paid += paid_amount(invoice)
        else:
            sums.due += invoice.due_amount
    for note in notes:
        if note.invoice.status != InvoiceStatus.VOID:
            month.sums.setdefault(note.invoice.currency, MonthSums()).credited += note.total_amount
    return month


def paid_amount(invoice: Invoice) -> int:
    """What the card was charged for a paid invoice: its total, less what was let off before."""
    let_off = sum(note.total_amount for note in invoice.credit_notes.all() if not note.is_refund)
    return invoice.total_amount - let_off


def list_upcoming(actor: Actor) -> list[Upcoming]:
    """The renewals that are to come, the next first, as they stand now; usage beyond the plans comes on top."""
    renewed: Iterable[Subscription] = (
        Subscription.objects.filter(
            organization=actor.organization,
            status__in=SubscriptionStatus.callable(),
            cancel_at_period_end=False,
            current_period_end__isnull=False,
        )
        .exclude(product__organization=F("organization"))
        .select_related("product", "plan", "pending_plan")
        .order_by("current_period_end", "pk")
    )
    upcoming, tax = [], forecast_tax(actor.organization.pk, clock.now())
    for subscription in renewed:
        plan = subscription.pending_plan or subscription.plan
        assert subscription.current_period_end is not None  # filtered
        if plan.price_amount:
            price, due_at = plan.price_amount, subscription.current_period_end
            upcoming.append(Upcoming(subscription, due_at, price, tax.added(price), plan.currency))
    return upcoming
