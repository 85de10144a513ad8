"""Credit notes: what is taken back of an issued invoice, line by line, with a number of its own series."""

from collections.abc import Mapping, Sequence

from django.db.models import Sum
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.billing.credits import credit_amount, credit_total
from apps.billing.enums import CreditReason, InvoiceStatus
from apps.billing.errors import CreditLeavesTooLittle, CreditTooLarge, NothingToCredit
from apps.billing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from apps.billing.services.items import smallest_charge
from apps.billing.services.numbering import CREDIT_NOTES, next_number
from apps.billing.services.tax_reports import note_credit
from apps.billing.tax import LineTax
from apps.core import clock
from apps.core.errors import Invalid
from apps.core.money import charge_step, major_units, round_to_step

NOTE_MAX = 300


def lines_left(invoice: Invoice) -> list[tuple[InvoiceLine, LineTax]]:
    """The lines of an invoice with what of each was not credited, without tax and tax."""
    credited = {
        row["invoice_line"]: row
        for row in CreditNoteLine.objects.filter(credit_note__invoice=invoice)
        .values("invoice_line")
        .annotate(net=Sum("amount"), tax=Sum("tax_amount"))
    }
    left = []
    for line in invoice.lines.all():
        row = credited.get(line.pk, {"net": 0, "tax": 0})
        left.append((line, LineTax(line.amount - row["net"], line.tax_amount - row["tax"])))
    return left


def issue_credit_note(
    *,
    invoice: Invoice,
    reason: CreditReason,
    note: str = "",
    amount: int | None = None,
    lines: Mapping[int, int] | None = None,
    of_line: InvoiceLine | None = None,
    by: User | None = None,
) -> CreditNote:
    """Credit `amount` (tax included, over all lines), or `lines` (primary key → amount without tax), or all the rest.

    In the caller's transaction, who has locked the invoice. One that is paid stays so; one that is not asks for less,
    and is void where nothing is left. With `of_line`, the amount is taken of that line alone.

    Raises `NothingToCredit`, `CreditTooLarge`, `CreditLeavesTooLittle` of one that is not paid, and `Invalid` for what
    cards cannot be given back (`charge_step`).
    """
    if invoice.status in (InvoiceStatus.DRAFT, InvoiceStatus.VOID) or invoice.is_credited:
        raise NothingToCredit
    left = [(line, rest) for line, rest in lines_left(invoice) if of_line is None or line.pk == of_line.pk]
    parts = _parts(invoice, left, amount, lines)
    now = clock.now()
    subtotal, tax = sum(part.amount for _line, part in parts), sum(part.tax_amount for _line, part in parts)
    written = CreditNote.objects.create(
        issuer=invoice.issuer,
        number=next_number(issuer=invoice.issuer, at=now, prefix=CREDIT_NOTES),
        invoice=invoice,
        reason=reason,
        note=note[:NOTE_MAX],
        subtotal_amount=subtotal,
        tax_amount=tax,
        total_amount=subtotal + tax,
        is_refund=invoice.status == InvoiceStatus.PAID,
        issued_at=now,
        created_by=by,
    )
    CreditNoteLine.objects.bulk_create(
        CreditNoteLine(credit_note=written, invoice_line=line, amount=part.amount, tax_amount=part.tax_amount)
        for line, part in parts
    )
    _take_off(invoice, written)
    note_credit(note=written)
    return written


def _parts(
    invoice: Invoice,
    left: Sequence[tuple[InvoiceLine, LineTax]],
    amount: int | None,
    lines: Mapping[int, int] | None,
) -> list[tuple[InvoiceLine, LineTax]]:
    if lines is not None:
        parts = [credit_amount(rest, _within(lines.get(line.pk, 0), rest)) for line, rest in left]
    else:
        rests = [rest for _line, rest in left]
        parts = credit_total(rests, _checked(amount, sum(rest.amount + rest.tax_amount for rest in rests)))
    found = [(line, part) for (line, _rest), part in zip(left, parts, strict=True) if part.amount or part.tax_amount]
    total = sum(part.amount + part.tax_amount for _line, part in found)
    most = invoice.creditable_amount
    if not 0 < total <= most:
        raise CreditTooLarge(creditable_amount=most)
    if total != round_to_step(total, invoice.currency):
        step = major_units(charge_step(invoice.currency), invoice.currency)
        raise Invalid(
            _("Cards take %(currency)s in steps of %(step)s alone: choose an amount (with its tax) of whole steps.")
            % {"currency": invoice.currency, "step": f"{step:f}"},
            field="amount",
        )
    if invoice.status == InvoiceStatus.OPEN and 0 < most - total < (smallest := smallest_charge(invoice.currency)):
        raise CreditLeavesTooLittle(smallest_amount=smallest)
    return found


def _checked(amount: int | None, left: int) -> int:
    if amount is None:
        return left
    if not 0 < amount <= left:
        raise CreditTooLarge(creditable_amount=left)
    return amount


def _within(amount: int, rest: LineTax) -> int:
    """An amount that is between nothing and what is left of a line; a discount's is below zero."""
    if not min(0, rest.amount) <= amount <= max(0, rest.amount):
        raise CreditTooLarge(creditable_amount=rest.amount)
    return amount


def _take_off(invoice: Invoice, written: CreditNote) -> None:
    invoice.credited_amount += written.total_amount
    if invoice.is_credited and invoice.status != InvoiceStatus.PAID:
        invoice.status, invoice.voided_at = InvoiceStatus.VOID, written.issued_at
    invoice.save(update_fields=["credited_amount", "status", "voided_at"])
