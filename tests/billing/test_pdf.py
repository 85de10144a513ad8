"""The invoice as PDF: what stands on it, that nobody's name is markup, and that it never changes."""

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import rest_framework
from pypdf import PdfReader

from apps.billing import services
from apps.billing.enums import InvoiceReason, LineKind
from apps.billing.models import Invoice
from apps.billing.pdf import render_invoice
from apps.billing.services.invoicing import LineSpec, draft_invoice
from apps.core.errors import NotFound
from tests.billing.world import NOW, Shop, fresh
from tests.pdf import text_of

pytestmark = pytest.mark.django_db

HOSTILE = '#panic("x") $ *bold* #read("/etc/passwd") \\ "]} <b> @x {{ 7 }} \u202e'


def test_it_has_number_lines_and_total_and_is_the_same_every_time(shop: Shop) -> None:
    subscription = shop.buy(shop.plan("Pro 😀", 123_456))
    invoice = Invoice.objects.get()
    pdf = render_invoice(invoice)
    text = text_of(pdf)
    for words in ("INV-2027-000001", "Weather: Pro", "1,234.56 USD", "10 April 2027", "API Factory", "Paid"):
        assert words in text
    assert subscription.organization.name in text
    assert "10 Apr 2027, 12:00 – 10 May 2027, 12:00" in text
    assert render_invoice(fresh(invoice)) == pdf


def test_names_are_text_never_markup(shop: Shop) -> None:
    organization = shop.alice.organization
    organization.name = HOSTILE[:100]
    organization.save()
    shop.product.name = HOSTILE[:80]
    shop.product.save()
    shop.buy(shop.pro)
    text = text_of(render_invoice(Invoice.objects.get()))
    assert '#panic("x") $ *bold* #read("/etc/passwd")' in text
    assert "root:" not in text


def test_letters_that_the_own_fonts_lack_come_from_the_directories_that_are_named(shop: Shop, settings: Any) -> None:
    shop.buy(shop.plan("Pro \uf000", 500))  # of private use: a symbol of the font below
    invoice = Invoice.objects.get()
    assert not any("Awesome" in name for name in fonts_of(render_invoice(invoice)))
    settings.INVOICE_FONT_DIRS = [str(Path(rest_framework.__file__).parent / "static" / "rest_framework" / "fonts")]
    with_symbol = fonts_of(render_invoice(invoice))
    assert any("Awesome" in name for name in with_symbol)
    assert any("Libertinus" in name for name in with_symbol), "the others stay as they were"


def fonts_of(pdf: bytes) -> set[str]:
    """The names of the fonts on the first page."""
    resources: Any = PdfReader(io.BytesIO(pdf)).pages[0]["/Resources"]
    return {font.get_object()["/BaseFont"] for font in resources["/Font"].get_object().values()}


def test_many_lines_fill_several_pages(shop: Shop) -> None:
    subscription = shop.buy(shop.pro)
    lines = [
        LineSpec(LineKind.OVERAGE, f"Line {number}", shop.pro, NOW, NOW, 1, Decimal("0.5"), 2) for number in range(60)
    ]
    draft = draft_invoice(
        subscription=subscription, reason=InvoiceReason.USAGE, currency="JPY", start=NOW,
        end=NOW + dt.timedelta(1), lines=lines,
    )  # fmt: skip
    with pytest.raises(NotFound):
        render_invoice(draft)
    services.close_due_periods()
    pdf = render_invoice(fresh(draft))
    text = text_of(pdf)
    assert len(PdfReader(io.BytesIO(pdf)).pages) >= 2
    assert all(f"Line {number}" in text for number in range(60))
    assert "60 JPY" in text
    assert "0.5" in text
