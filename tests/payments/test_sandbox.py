"""The sandbox provider: which cards it takes, what it makes of them, and what it never keeps."""

import datetime as dt
import logging

import pytest
from django.db import connection

from apps.payments.errors import CardRefused
from apps.payments.models import SandboxCharge
from apps.payments.providers.base import Card
from apps.payments.providers.sandbox import TEST_CARDS, SandboxProvider

TODAY = dt.date(2026, 11, 22)
GOOD = {"number": "4242 4242 4242 4242", "exp_month": 12, "exp_year": 2030, "cvc": "987", "name": "Ada"}
provider = SandboxProvider()


def token_of(**changed: str | int) -> str:
    return provider.tokenize(Card(**(GOOD | changed)), today=TODAY).token  # type: ignore[arg-type]


def charge(token: str, key: str = "k", amount: int = 2900, today: dt.date = TODAY) -> tuple[str, str]:
    result = provider.charge(
        idempotency_key=key,
        token=token,
        amount=amount,
        currency="USD",
        description="inv_1",
        today=today,
        off_session=False,
        return_url="https://example.com/pay/",
    )
    assert result.succeeded is not bool(result.decline_code or result.action_url)
    return result.reference, result.decline_code


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", ""),
        ("number", "4242"),
        ("number", "4242424242424241"),  # the check digit
        ("number", "4111111111111111"),  # well formed, and no test card
        ("number", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢"),
        ("number", "x" * 16),
        ("exp_month", 0),
        ("exp_month", 13),
        ("exp_year", 26),
        ("exp_year", 2025),
        ("cvc", "12"),
        ("cvc", "1234"),
        ("cvc", "abc"),
    ],
)
def test_a_card_that_cannot_be_used_is_refused_at_its_field(field: str, value: str | int) -> None:
    with pytest.raises(CardRefused) as refused:
        token_of(**{field: value})
    assert (refused.value.field, refused.value.status) == (field, 422)


def test_a_real_number_is_told_that_only_test_cards_are_taken() -> None:
    with pytest.raises(CardRefused, match=r"test cards only.*4242 4242 4242 4242"):
        token_of(number="4111 1111 1111 1111")


def test_a_card_holds_to_the_end_of_its_month() -> None:
    assert token_of(exp_month=11, exp_year=2026)
    with pytest.raises(CardRefused):
        token_of(exp_month=10, exp_year=2026)


@pytest.mark.parametrize("card", TEST_CARDS, ids=lambda card: card.number)
@pytest.mark.django_db
def test_each_test_card_behaves_as_it_says(card: object) -> None:
    number, code = card.number, card.decline_code  # type: ignore[attr-defined]
    assert charge(token_of(number=number))[1] == code


def test_stripes_best_known_cards_are_among_them() -> None:
    codes = {card.number: card.decline_code for card in TEST_CARDS}
    assert codes["4242424242424242"] == ""
    assert codes["4000000000000002"] == "card_declined"
    assert codes["4000000000009995"] == "insufficient_funds"
    assert codes["4000000000000341"]


@pytest.mark.django_db
def test_a_saved_card_expires() -> None:
    token = token_of(exp_month=12, exp_year=2026)
    assert charge(token, "in december", today=dt.date(2026, 12, 31))[1] == ""
    assert charge(token, "in january", today=dt.date(2027, 1, 1))[1] == "expired_card"


@pytest.mark.django_db
def test_a_key_is_charged_once_and_its_answer_never_changes() -> None:
    token = token_of(exp_month=12, exp_year=2026)
    first = charge(token)
    assert charge(token, today=dt.date(2027, 1, 1)) == first
    assert SandboxCharge.objects.count() == 1
    with pytest.raises(ValueError, match="another charge"):
        charge(token, amount=2901)


@pytest.mark.django_db
def test_number_and_code_are_in_no_token_text_or_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        card = Card(**GOOD)  # type: ignore[arg-type]
        token = provider.tokenize(card, today=TODAY)
        charge(token.token)
        with connection.cursor() as cursor:
            cursor.execute("SELECT payments_sandboxcharge::text FROM payments_sandboxcharge")
            stored = str(cursor.fetchall())
    for text in (repr(card), str(card), repr(token), stored, caplog.text):
        assert "4242424242424242" not in text.replace(" ", "")
    assert "987" not in repr(card)
    assert (token.brand, token.last4, token.exp_month, token.exp_year) == ("visa", "4242", 12, 2030)
