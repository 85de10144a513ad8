"""Whether the settings of taxes can work together."""

from collections.abc import Collection


def tax_problem(mode: str, *, country: str, countries: Collection[str], provider: str, stripe_key: str) -> str:
    """What is wrong, in words for whoever runs this; empty where nothing is. `provider` moves the money."""
    if mode == "stripe" and (provider != "stripe" or not stripe_key):
        return (
            "TAX_MODE=stripe needs Stripe as the payment provider: set STRIPE_SECRET_KEY, and PAYMENT_PROVIDER to it."
        )
    if mode != "none" and country not in countries:
        return f"TAX_ISSUER_COUNTRY must be the two letters of a country where TAX_MODE is {mode}."
    return ""
