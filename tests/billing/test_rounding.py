"""Totals in currencies with three decimals: cards are charged sums whose last digit is 0."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.billing import services
from apps.billing.enums import CreditReason
from apps.billing.models import CreditNote, Invoice
from apps.billing.services.refunding import take_back
from apps.core.errors import Invalid
from apps.core.money import charge_step, round_to_step
from apps.ledger.checks import list_faults
from apps.payments.models import Payment
from apps.payments.providers.stripe.amounts import to_stripe
from tests.billing.world import Shop


@given(st.integers(-(10**9), 10**9), st.sampled_from(["KWD", "BHD", "USD", "JPY"]))
def test_what_is_rounded_can_be_sent_and_is_near(amount: int, currency: str) -> None:
    rounded = round_to_step(amount, currency)
    assert to_stripe(rounded, currency) == rounded
    assert abs(rounded - amount) <= charge_step(currency) // 2 or abs(amount) < 5
    assert (rounded == 0) == (amount == 0)


@pytest.mark.django_db(transaction=True)
def test_an_invoice_asks_for_what_a_card_is_charged_and_gives_back_whole_steps() -> None:
    shop = Shop()
    shop.buy(shop.plan("Kuwait", 1234, currency="KWD"))
    invoice, payment = Invoice.objects.get(), Payment.objects.get()
    assert [(line.kind, line.amount) for line in invoice.lines.all()] == [("plan", 1234), ("rounding", -4)]
    assert (invoice.total_amount, payment.amount, payment.status) == (1230, 1230, "succeeded")
    with pytest.raises(Invalid, match=r"steps of 0\.01"):
        take_back(invoice=invoice, reason=CreditReason.GOODWILL, amount=115)
    take_back(invoice=invoice, reason=CreditReason.GOODWILL, amount=110)
    take_back(invoice=invoice, reason=CreditReason.GOODWILL)
    assert [note.total_amount for note in CreditNote.objects.order_by("pk")] == [110, 1120]
    assert shop.balances("KWD") == {"cash": 0, "creator": 0, "platform": 0}
    assert list(list_faults()) == []
    assert services.start_checkout(actor=Shop().alice, plan=shop.plan("Small", 4, currency="KWD")).invoice is None
