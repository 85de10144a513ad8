"""An invoice as PDF: typst sets the template `billing/invoice.typ` with data passed as JSON.

Nothing that people have typed is part of the source: the template sets it as text. Only the fonts that typst carries
are used, and for letters that they lack those of `INVOICE_FONT_DIRS`; never what happens to be on the machine. Nothing
else is read but the template, nothing comes over a network, and the same invoice gives the same bytes.
"""

import datetime as dt
import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import typst
from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.billing.enums import InvoiceStatus
from apps.billing.models import Invoice, InvoiceLine
from apps.billing.notices import amount_in_words
from apps.core.errors import NotFound
from apps.core.money import major_units, unit_price_digits

TEMPLATE = Path(settings.BASE_DIR) / "templates" / "billing" / "invoice.typ"


def render_invoice(invoice: Invoice) -> bytes:
    """The PDF of an issued invoice. Raises `NotFound` for a draft, which has no number yet."""
    if invoice.status == InvoiceStatus.DRAFT:
        raise NotFound
    assert invoice.issued_at is not None  # a constraint of the table
    compiled = typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        font_paths=_fonts(tuple(settings.INVOICE_FONT_DIRS)),
        format="pdf",
        sys_inputs={"invoice": json.dumps(invoice_data(invoice))},
        timestamp=invoice.issued_at.replace(microsecond=0),
    )
    assert isinstance(compiled, bytes)  # one document
    return compiled


def invoice_data(invoice: Invoice) -> dict[str, Any]:
    """All that stands on the page, as text."""
    return {
        "title": _("Invoice"),
        "number": invoice.number,
        "status": invoice.get_status_display(),
        "is_settled": invoice.status == InvoiceStatus.PAID,
        "issuer": invoice.issued_by,
        "billed_to": invoice.billed_to,
        "facts": _facts(invoice),
        "lines": [_line(line, invoice.currency) for line in invoice.lines.all()],
        "sums": [
            [_("Subtotal"), amount_in_words(invoice.subtotal_amount, invoice.currency)],
            [_("Tax"), amount_in_words(invoice.tax_amount, invoice.currency)],
        ],
        "total": amount_in_words(invoice.total_amount, invoice.currency),
        "note": _("Periods begin and end at the time given, UTC. The end belongs to the next period."),
        "words": {
            "billed_to": _("Billed to"),
            "description": _("Description"),
            "quantity": _("Quantity"),
            "unit_price": _("Unit price"),
            "amount": _("Amount"),
            "total": _("Total"),
        },
    }


def _facts(invoice: Invoice) -> list[tuple[str, str]]:
    facts = [(_("Number"), invoice.number), (_("Issued"), _day(invoice.issued_at)), (_("Due"), _day(invoice.due_at))]
    if invoice.paid_at:
        facts.append((_("Paid"), _day(invoice.paid_at)))
    if invoice.voided_at:
        facts.append((_("Voided"), _day(invoice.voided_at)))
    return facts


def _line(line: InvoiceLine, currency: str) -> dict[str, str]:
    return {
        "description": line.description,
        "period": f"{_instant(line.period_start)} – {_instant(line.period_end)}",
        "quantity": f"{line.quantity:,}",
        "unit_amount": _unit_price(line.unit_amount, currency),
        "amount": amount_in_words(line.amount, currency),
    }


def _unit_price(unit_amount: Decimal, currency: str) -> str:
    return f"{major_units(unit_amount, currency):,.{unit_price_digits(unit_amount, currency)}f}"


def _day(at: dt.datetime | None) -> str:
    return date_format(at.astimezone(dt.UTC), "j F Y") if at else "–"


def _instant(at: dt.datetime) -> str:
    return date_format(at.astimezone(dt.UTC), "j M Y, H:i")


@cache
def _fonts(directories: tuple[str, ...]) -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=list(directories))
