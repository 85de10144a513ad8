"""Tax that Stripe reckons.

Its library takes most of a second and 30 MB, so it is loaded by the first question. Amounts are minor units.
"""

from apps.payments.providers.tax_terms import Calculation, RecordedSale, Reversal, TaxQuestion


def calculate(*, idempotency_key: str, question: TaxQuestion) -> Calculation:
    """Raises `TaxRefused`, `KeySpent` and `ProviderUnavailable`, as do the others."""
    from apps.payments.providers.stripe import tax

    return tax.calculate(idempotency_key=idempotency_key, question=question)


def record_sale(*, idempotency_key: str, calculation: str, reference: str) -> RecordedSale:
    """Put what was calculated into Stripe's tax reports. `reference` names a sale or reversal once and for all."""
    from apps.payments.providers.stripe import tax

    return tax.record_sale(idempotency_key=idempotency_key, calculation=calculation, reference=reference)


def reverse_sale(*, idempotency_key: str, sale: str, reference: str, parts: list[Reversal], currency: str) -> str:
    """Take parts of a recorded sale back; Stripe's reference of the reversal."""
    from apps.payments.providers.stripe import tax

    return tax.reverse_sale(
        idempotency_key=idempotency_key, sale=sale, reference=reference, parts=parts, currency=currency
    )
