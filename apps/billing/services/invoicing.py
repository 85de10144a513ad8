"""The life of an invoice up to its payment: drafted with its lines, issued, or void."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.accounts.models import Organization
from apps.billing.enums import InvoiceReason, InvoiceStatus, LineKind
from apps.billing.errors import InvoiceNotOpen
from apps.billing.models import BillingProfile, Invoice, InvoiceLine
from apps.billing.proration import unused_time
from apps.billing.services.numbering import PLATFORM, next_number
from apps.billing.services.taxing import tax_draft
from apps.core import clock
from apps.core.money import round_half_up, round_to_step
from apps.plans.models import Plan
from apps.subscriptions.models import Subscription
from apps.subscriptions.services.writing import check_managed_here


@dataclass(frozen=True, slots=True)
class LineSpec:
    """A line as it is to be written: minor units, `[start, end)`."""

    kind: LineKind
    description: str
    plan: Plan
    start: dt.datetime
    end: dt.datetime
    amount: int
    unit_amount: Decimal
    quantity: int = 1


def draft_invoice(
    *,
    subscription: Subscription,
    reason: InvoiceReason,
    currency: str,
    start: dt.datetime,
    end: dt.datetime,
    lines: Iterable[LineSpec],
) -> Invoice:
    """An invoice that may still get lines, and has no number. Raises `ManagedAtStripe` for what Stripe collects."""
    check_managed_here(subscription)
    invoice = Invoice.objects.create(
        issuer=PLATFORM,
        reason=reason,
        organization_id=subscription.organization_id,
        subscription=subscription,
        product_id=subscription.product_id,
        currency=currency,
        period_start=start,
        period_end=end,
    )
    add_lines(invoice=invoice, lines=lines)
    return invoice


def add_lines(*, invoice: Invoice, lines: Iterable[LineSpec]) -> None:
    """To a draft; the database refuses it of any other."""
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            invoice=invoice,
            kind=line.kind,
            description=line.description[:300],
            quantity=line.quantity,
            unit_amount=line.unit_amount,
            amount=line.amount,
            plan=line.plan,
            period_start=line.start,
            period_end=line.end,
        )
        for line in lines
    )


def issue_invoice(*, invoice: Invoice, due_at: dt.datetime | None = None) -> Invoice:
    """Give a draft its tax and totals, its number and the names of both sides; due at once unless said otherwise.

    The last thing that its transaction does, as nobody else can issue one meanwhile.
    """
    if invoice.status != InvoiceStatus.DRAFT:
        raise InvoiceNotOpen
    now = clock.now()
    lines = list(invoice.lines.all())
    profile = BillingProfile.objects.filter(organization=invoice.organization_id).first()
    tax_draft(invoice=invoice, lines=lines, profile=profile, at=now)
    lines += _rounding(invoice, lines)
    invoice.subtotal_amount = sum(line.amount for line in lines)
    invoice.tax_amount = sum(line.tax_amount for line in lines)
    invoice.total_amount = invoice.subtotal_amount + invoice.tax_amount
    invoice.billed_to = _billed_to(invoice.organization, profile)
    invoice.issued_by = _issued_by()
    invoice.status = InvoiceStatus.OPEN
    invoice.issued_at = now
    invoice.due_at = due_at or now
    invoice.number = next_number(issuer=invoice.issuer, at=now)
    invoice.save()
    return invoice


def _rounding(invoice: Invoice, lines: list[InvoiceLine]) -> list[InvoiceLine]:
    """The line that makes the total a sum that can be charged: without tax, after all others."""
    total = sum(line.total_amount for line in lines)
    difference = round_to_step(total, invoice.currency) - total
    if not difference:
        return []
    line = InvoiceLine.objects.create(
        invoice=invoice,
        kind=LineKind.ROUNDING,
        description=_("Rounding to what cards can be charged"),
        unit_amount=Decimal(difference),
        amount=difference,
        plan=lines[0].plan,
        period_start=invoice.period_start,
        period_end=invoice.period_end,
    )
    return [line]


def _billed_to(organization: Organization, profile: BillingProfile | None) -> dict[str, Any]:
    """Who is billed, as the invoice will always say it; what nobody has given is left out."""
    said: dict[str, Any] = {"name": organization.name, "id": organization.public_id}
    if profile:
        given = {
            "name": profile.legal_name,
            "address": profile.address.splitlines(),
            "country": profile.country,
            "tax_id": profile.tax_id,
        }
        said |= {key: value for key, value in given.items() if value}
    return said


def _issued_by() -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": settings.INVOICE_ISSUER_NAME,
        "address": settings.INVOICE_ISSUER_ADDRESS.replace("\\n", "\n").splitlines(),
    }
    given = {"country": settings.TAX_ISSUER_COUNTRY, "tax_id": settings.TAX_ISSUER_ID}
    return said | {key: value for key, value in given.items() if value}


def lock_invoice(invoice: Invoice) -> Invoice:
    """The invoice as it is now, locked. Its subscription is locked before it, everywhere."""
    return (
        Invoice.objects.select_for_update(of=("self",), no_key=True)
        .select_related("organization", "product__organization")
        .get(pk=invoice.pk)
    )


def void_invoice(*, invoice: Invoice) -> Invoice:
    """An issued invoice that nobody has to pay; it keeps its number. The caller has locked it."""
    if invoice.status != InvoiceStatus.OPEN:
        raise InvoiceNotOpen
    invoice.status = InvoiceStatus.VOID
    invoice.voided_at = clock.now()
    invoice.save(update_fields=["status", "voided_at"])
    return invoice


def plan_line(plan: Plan, start: dt.datetime, end: dt.datetime, *, until: dt.datetime | None = None) -> LineSpec:
    """The price of a plan for one interval; where its product ends before that, for the time up to then."""
    served_until = min(end, until or end)
    amount = round_half_up(plan.price_amount * (1 - unused_time(start, end, served_until)))
    return LineSpec(
        kind=LineKind.PLAN,
        description=f"{plan.product.name}: {plan.name}",
        plan=plan,
        start=start,
        end=served_until,
        amount=amount,
        unit_amount=Decimal(amount),
    )
