"""Invoices, credit notes and receipts as PDF: typst sets the template `billing/document.typ` with data passed as JSON.

Nothing that people have typed is part of the source: the template sets it as text. Only the fonts that typst carries
are used, and for letters that they lack those of `INVOICE_FONT_DIRS`; never what happens to be on the machine. Nothing
else is read but the template, nothing comes over a network, and the same document gives the same bytes.
"""

import datetime as dt
import json
from functools import cache
from pathlib import Path
from typing import Any

import typst
from django.conf import settings
from django.utils import translation

from apps.billing.documents import credit_note_data, invoice_data, receipt_data
from apps.billing.enums import InvoiceStatus
from apps.billing.models import CreditNote, Invoice
from apps.core.errors import NotFound
from apps.payments.models import Payment

TEMPLATE = Path(settings.BASE_DIR) / "templates" / "billing" / "document.typ"


def render_invoice(invoice: Invoice) -> bytes:
    """The PDF of an issued invoice. Raises `NotFound` for a draft, which has no number yet."""
    if invoice.status == InvoiceStatus.DRAFT:
        raise NotFound
    assert invoice.issued_at is not None  # a constraint of the table
    with translation.override(settings.LANGUAGE_CODE):
        return _compiled(invoice_data(invoice), invoice.issued_at)


def render_credit_note(note: CreditNote) -> bytes:
    with translation.override(settings.LANGUAGE_CODE):
        return _compiled(credit_note_data(note), note.issued_at)


def render_receipt(invoice: Invoice, payment: Payment) -> bytes:
    """That `payment`, which has succeeded, paid the invoice."""
    assert payment.settled_at is not None
    with translation.override(settings.LANGUAGE_CODE):
        return _compiled(receipt_data(invoice, payment), payment.settled_at)


def _compiled(document: dict[str, Any], at: dt.datetime) -> bytes:
    compiled = typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        font_paths=_fonts(tuple(settings.INVOICE_FONT_DIRS)),
        format="pdf",
        sys_inputs={"document": json.dumps(document)},
        timestamp=at.replace(microsecond=0),
    )
    assert isinstance(compiled, bytes)  # one document
    return compiled


@cache
def _fonts(directories: tuple[str, ...]) -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=list(directories))
