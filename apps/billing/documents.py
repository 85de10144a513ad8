"""What stands on invoices, credit notes and receipts: from what was kept when they were issued, and nothing else."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.billing.enums import InvoiceStatus
from apps.billing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from apps.billing.notices import amount_in_words
from apps.core.money import major_units, unit_price_digits
from apps.payments.models import Payment


def invoice_data(invoice: Invoice) -> dict[str, Any]:
    """An issued invoice."""
    facts = [(_("Number"), invoice.number), (_("Issued"), _day(invoice.issued_at)), (_("Due"), _day(invoice.due_at))]
    if invoice.paid_at:
        facts.append((_("Paid"), _day(invoice.paid_at)))
    if invoice.voided_at:
        facts.append((_("Voided"), _day(invoice.voided_at)))
    lines = list(invoice.lines.all())
    return {
        **_parties(invoice),
        "title": _("Invoice"),
        "number": invoice.number,
        "status": invoice.get_status_display(),
        "is_settled": invoice.status == InvoiceStatus.PAID,
        "facts": facts,
        "columns": [_("Description"), _("Quantity"), _("Unit price"), _("Amount")],
        "lines": [_line(line, invoice) for line in lines],
        "sums": _sums(invoice, lines, invoice.subtotal_amount, invoice.tax_amount),
        "total": [_("Total"), amount_in_words(invoice.total_amount, invoice.currency)],
        "notes": _notes(
            invoice, _("Periods begin and end at the time given, UTC. The end belongs to the next period.")
        ),
    }


def credit_note_data(note: CreditNote) -> dict[str, Any]:
    """What was taken back of an invoice."""
    invoice = note.invoice
    rows = list(note.lines.select_related("invoice_line"))
    what = (
        _("The amount is given back to the card that paid the invoice.")
        if note.is_refund
        else _("The invoice was not paid: so much less of it is to be paid.")
    )
    return {
        **_parties(invoice),
        "title": _("Credit note"),
        "number": note.number,
        "status": "",
        "is_settled": True,
        "facts": [
            (_("Number"), note.number),
            (_("Issued"), _day(note.issued_at)),
            (_("For invoice"), invoice.number),
            (_("Of"), _day(invoice.issued_at)),
            (_("Reason"), note.get_reason_display()),
        ],
        "columns": [_("Description"), _("Amount")],
        "lines": [_credited(row, invoice) for row in rows],
        "sums": _sums(invoice, [row.invoice_line for row in rows], note.subtotal_amount, note.tax_amount),
        "total": [_("Total"), amount_in_words(note.total_amount, invoice.currency)],
        "notes": [*([note.note] if note.note else []), *_notes(invoice, what)],
    }


def receipt_data(invoice: Invoice, payment: Payment) -> dict[str, Any]:
    """That an invoice was paid: when, with which card, under which reference of the provider."""
    amount = amount_in_words(payment.amount, payment.currency)
    return {
        **_parties(invoice),
        "title": _("Receipt"),
        "number": invoice.number,
        "status": _("Paid"),
        "is_settled": True,
        "facts": [
            (_("Invoice"), invoice.number),
            (_("Paid"), _day(payment.settled_at)),
            (_("Card"), payment.paid_with),
            (_("Payment"), payment.public_id),
            (_("Reference"), payment.provider_reference),
        ],
        "columns": [_("Description"), _("Amount")],
        "lines": [
            [
                [
                    _("Invoice %(number)s") % {"number": invoice.number},
                    _period(invoice.period_start, invoice.period_end),
                ],
                amount,
            ]
        ],
        "sums": [],
        "total": [_("Paid"), amount],
        "notes": [],
    }


def _parties(invoice: Invoice) -> dict[str, Any]:
    return {"issuer": _party(invoice.issued_by), "billed_to": _party(invoice.billed_to), "to": _("Billed to")}


def _party(said: dict[str, Any]) -> dict[str, Any]:
    """The name, and the lines below it."""
    below = [*said.get("address", [])]
    below += [said[key] for key in ("country", "id") if key in said]
    if "tax_id" in said:
        below.append(_("Tax id %(id)s") % {"id": said["tax_id"]})
    return {"name": said["name"], "below": below}


def _line(line: InvoiceLine, invoice: Invoice) -> list[Any]:
    return [
        [line.description, _period(line.period_start, line.period_end)],
        f"{line.quantity:,}",
        _unit_price(line.unit_amount, invoice.currency),
        amount_in_words(line.total_amount if invoice.tax_inclusive else line.amount, invoice.currency),
    ]


def _credited(row: CreditNoteLine, invoice: Invoice) -> list[Any]:
    line = row.invoice_line
    return [
        [line.description, _period(line.period_start, line.period_end)],
        amount_in_words(row.total_amount if invoice.tax_inclusive else row.amount, invoice.currency),
    ]


def _sums(invoice: Invoice, lines: list[InvoiceLine], subtotal: int, tax: int) -> list[list[str]]:
    without = _("Subtotal without tax") if invoice.tax_inclusive else _("Subtotal")
    return [
        [without, amount_in_words(subtotal, invoice.currency)],
        [tax_label(invoice, lines), amount_in_words(tax, invoice.currency)],
    ]


def tax_label(invoice: Invoice, lines: list[InvoiceLine]) -> str:
    """What the tax is called, and how high it is: all lines of an invoice have the same."""
    if not invoice.tax_name or not lines:
        return _("Tax")
    return f"{invoice.tax_name} {lines[0].tax_percent.normalize():f} %"


def _notes(invoice: Invoice, last: str) -> list[str]:
    return [*([invoice.tax_note] if invoice.tax_note else []), last]


def _unit_price(unit_amount: Decimal, currency: str) -> str:
    return f"{major_units(unit_amount, currency):,.{unit_price_digits(unit_amount, currency)}f}"


def _period(start: dt.datetime, end: dt.datetime) -> str:
    return f"{_instant(start)} – {_instant(end)}"


def _day(at: dt.datetime | None) -> str:
    return date_format(at.astimezone(dt.UTC), "j F Y") if at else "–"


def _instant(at: dt.datetime) -> str:
    return date_format(at.astimezone(dt.UTC), "j M Y, H:i")
