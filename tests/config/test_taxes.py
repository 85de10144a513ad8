"""Settings of taxes that cannot work together stop the start, and say why."""

import pytest

from config.taxes import tax_problem


@pytest.mark.parametrize(
    ("mode", "country", "provider", "key", "named"),
    [
        ("none", "", "sandbox", "", ""),
        ("rates", "DE", "sandbox", "", ""),
        ("rates", "", "sandbox", "", "TAX_ISSUER_COUNTRY"),
        ("rates", "XX", "stripe", "sk_test_1", "TAX_ISSUER_COUNTRY"),
        ("stripe", "DE", "stripe", "sk_test_1", ""),
        ("stripe", "", "stripe", "sk_test_1", "TAX_ISSUER_COUNTRY"),
        ("stripe", "DE", "sandbox", "sk_test_1", "STRIPE_SECRET_KEY"),
        ("stripe", "DE", "stripe", "", "STRIPE_SECRET_KEY"),
    ],
)
def test_what_cannot_work_is_named(mode: str, country: str, provider: str, key: str, named: str) -> None:
    problem = tax_problem(mode, country=country, countries={"DE", "FR"}, provider=provider, stripe_key=key)
    assert problem.startswith("TAX") if named else problem == ""
    assert named in problem
