"""The invoice as PDF: what stands on it, that nobody's name is markup, and that it never changes."""

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import rest_framework
from django.db import IntegrityError, connection, transaction
from django.utils import translation
from pypdf import PdfReader

from apps.billing import services
from apps.billing.enums import CreditReason, InvoiceReason, LineKind
from apps.billing.models import BillingProfile, Invoice, TaxRate
from apps.billing.pdf import render_credit_note, render_invoice, render_receipt
from apps.billing.services.invoicing import LineSpec, draft_invoice
from apps.core.errors import NotFound
from apps.payments.models import Payment
from apps.plans.models import Plan
from tests.billing.world import NOW, Shop, fresh
from tests.database import unguarded
from tests.factories.actors import make_actor
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


def test_years_later_it_is_the_same_bytes_whatever_became_of_what_it_was_made_from(shop: Shop, settings: Any) -> None:
    settings.TAX_MODE, settings.TAX_ISSUER_COUNTRY = "rates", "DE"
    rate = TaxRate.objects.create(country="DE", name="VAT", percent=Decimal(19), valid_from=NOW.date())
    profile = BillingProfile.objects.create(
        organization=shop.alice.organization, legal_name="Soleil SARL", address="1 rue X", country="DE"
    )
    shop.buy(shop.pro)
    invoice = Invoice.objects.get()
    note = services.refund_invoice(
        actor=make_actor(shop.product.organization), invoice=invoice, reason=CreditReason.SERVICE, amount=500
    )
    payment = Payment.objects.get()

    def documents() -> list[bytes]:
        again = fresh(invoice)
        return [render_invoice(again), render_credit_note(fresh(note)), render_receipt(again, fresh(payment))]

    before = documents()
    bill, credit, receipt = map(text_of, before)
    for words in ("Soleil SARL", "1 rue X", "VAT 19 % 5.70 USD", "35.70 USD"):
        assert words in bill
    for words in (
        "CN-2027-000001",
        "INV-2027-000001",
        "The service was not as promised",
        "4.20 USD",
        "VAT 19 % 0.80 USD",
    ):
        assert words in credit
    for words in ("Receipt", "35.70 USD", "Visa •••• 4242", payment.public_id, payment.provider_reference):
        assert words in receipt

    rate.delete()
    profile.delete()
    settings.INVOICE_ISSUER_NAME, settings.INVOICE_ISSUER_ADDRESS, settings.TAX_MODE = "Other", "Elsewhere", "none"
    shop.alice.organization.name = shop.product.name = "Renamed"
    shop.alice.organization.save()
    shop.product.save()
    with pytest.raises(IntegrityError, match="protected"), transaction.atomic():
        Plan.objects.filter(pk=shop.pro.pk).delete()
    connection.check_constraints()  # before they are broken, as only who owns the tables can
    with unguarded():
        Plan.objects.filter(pk=shop.pro.pk).update(name="Gone", price_amount=1, withdrawn_at=NOW)
        Plan.objects.filter(pk=shop.pro.pk)._raw_delete("default")
    with translation.override("de"):
        assert documents() == before


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
