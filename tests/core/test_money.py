"""Currencies of ISO 4217 and their minor units."""

from decimal import Decimal

import pytest

from apps.core.money import CURRENCIES, major_units, minor_unit_digits


@pytest.mark.parametrize(
    ("currency", "digits", "written"),
    [("USD", 2, "29.00"), ("JPY", 0, "2900"), ("KWD", 3, "2.900")],
)
def test_an_amount_is_written_in_its_currency(currency: str, digits: int, written: str) -> None:
    assert currency in CURRENCIES
    assert minor_unit_digits(currency) == digits
    assert major_units(2900, currency) == Decimal(written)


def test_what_nobody_pays_with_is_none() -> None:
    assert not CURRENCIES & {"QQQ", "XXX", "XTS", "XAU", "XDR", "usd", "", "DEM"}
    assert len(CURRENCIES) > 150
    assert all(len(code) == 3 and code.isupper() for code in CURRENCIES)
