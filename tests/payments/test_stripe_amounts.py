"""Our minor units and Stripe's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.money import CURRENCIES
from apps.payments.providers.stripe.amounts import NotSendable, from_stripe, to_stripe


@pytest.mark.parametrize(
    ("amount", "currency", "sent"),
    [
        (2900, "USD", 2900),
        (500, "JPY", 500),
        (1230, "KWD", 1230),
        (500, "ISK", 500_00),
        (7, "UGX", 7_00),
        (500, "MGA", 5),
        (29_99, "HUF", 29_99),
    ],
)
def test_what_is_sent(amount: int, currency: str, sent: int) -> None:
    assert to_stripe(amount, currency) == sent
    assert from_stripe(sent, currency) == amount


@pytest.mark.parametrize(("amount", "currency"), [(1234, "KWD"), (1, "BHD"), (501, "MGA")])
def test_what_stripe_cannot_take_is_refused_and_not_rounded(amount: int, currency: str) -> None:
    with pytest.raises(NotSendable):
        to_stripe(amount, currency)


@given(amount=st.integers(1, 99_999_999), currency=st.sampled_from(sorted(CURRENCIES)))
def test_what_can_be_sent_comes_back_as_it_was(amount: int, currency: str) -> None:
    try:
        sent = to_stripe(amount, currency)
    except NotSendable:
        return
    assert from_stripe(sent, currency) == amount
