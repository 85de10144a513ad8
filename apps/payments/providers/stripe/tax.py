"""Stripe Tax: calculations, and the transactions that its tax reports are made of."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import stripe

from apps.core.countries import EU_COUNTRIES
from apps.payments.errors import ProviderUnavailable
from apps.payments.providers.stripe.amounts import NotSendable, from_stripe, to_stripe
from apps.payments.providers.stripe.client import asking, client, was_replayed
from apps.payments.providers.tax_terms import (
    Calculation,
    KeySpent,
    RecordedSale,
    Reversal,
    TaxOfLine,
    TaxQuestion,
    TaxRefused,
)

# Inside another object a list has the first ten alone.
PAGE = 100
_ABOUT_BUYER = frozenset({"customer_tax_location_invalid", "tax_id_invalid"})
# Stripe's names for the tax ids of countries that write theirs as it does.
_TAX_ID_TYPES = {"AU": "au_abn", "GB": "gb_vat", "IN": "in_gst", "NZ": "nz_gst"}
REVERSE_CHARGE = "reverse_charge"
# An invoice has room for this much.
_NAME_MAX = 40


def calculate(*, idempotency_key: str, question: TaxQuestion) -> Calculation:
    with _asking(idempotency_key):
        made = client().v1.tax.calculations.create(
            _request(question),  # type: ignore[arg-type]
            {"idempotency_key": idempotency_key},
        )
        lines = [each.to_dict() for each in made.line_items.data] if made.line_items else []
        if made.line_items and made.line_items.has_more:
            listed = client().v1.tax.calculations.line_items.list(
                str(made.id), {"limit": PAGE, "expand": ["data.tax_breakdown"]}
            )
            lines = [each.to_dict() for each in listed.auto_paging_iter()]
    breakdown = [part for line in lines for part in line["tax_breakdown"] or ()]
    names = {part["tax_rate_details"]["display_name"] for part in breakdown if part["amount"]}
    return Calculation(
        reference=str(made.id),
        lines={line["reference"]: _tax_of(line, question.currency) for line in lines},
        tax_name=names.pop()[:_NAME_MAX] if len(names) == 1 else "",
        is_reverse_charged=any(part["taxability_reason"] == REVERSE_CHARGE for part in breakdown),
        expires_at=dt.datetime.fromtimestamp(made.expires_at or 0, dt.UTC),
    )


def record_sale(*, idempotency_key: str, calculation: str, reference: str) -> RecordedSale:
    with _asking(idempotency_key):
        made = client().v1.tax.transactions.create_from_calculation(
            {"calculation": calculation, "reference": reference, "expand": ["line_items"]},
            {"idempotency_key": idempotency_key},
        )
        items = list(made.line_items.data) if made.line_items else []
        if made.line_items and made.line_items.has_more:
            items = list(client().v1.tax.transactions.line_items.list(made.id, {"limit": PAGE}).auto_paging_iter())
    return RecordedSale(made.id, {item.reference: item.id for item in items})


def reverse_sale(*, idempotency_key: str, sale: str, reference: str, parts: list[Reversal], currency: str) -> str:
    with _asking(idempotency_key):
        made = client().v1.tax.transactions.create_reversal(
            {
                "mode": "partial",
                "original_transaction": sale,
                "reference": reference,
                "line_items": [
                    {
                        "original_line_item": part.item,
                        "reference": f"{reference}-{number}",
                        "amount": -to_stripe(part.amount, currency),
                        "amount_tax": -to_stripe(part.tax_amount, currency),
                    }
                    for number, part in enumerate(parts, 1)
                ],
            },
            {"idempotency_key": idempotency_key},
        )
    return made.id


def _request(question: TaxQuestion) -> dict[str, Any]:
    address = {"country": question.country, "postal_code": question.postal_code, "state": question.state}
    customer: dict[str, Any] = {
        "address": {name: value for name, value in address.items() if value},
        "address_source": "billing",
    }
    if tax_id := _tax_id(question):
        customer["tax_ids"] = [tax_id]
    if question.is_reverse_charged:
        customer["taxability_override"] = REVERSE_CHARGE
    return {
        "currency": question.currency.lower(),
        "customer_details": customer,
        "line_items": [
            {
                "reference": reference,
                "amount": to_stripe(amount, question.currency),
                "tax_behavior": "inclusive" if question.is_inclusive else "exclusive",
                "tax_code": question.tax_code,
            }
            for reference, amount in question.lines.items()
        ],
        "expand": ["line_items.data.tax_breakdown"],
    }


def _tax_id(question: TaxQuestion) -> dict[str, str] | None:
    kind = "eu_vat" if question.country in EU_COUNTRIES else _TAX_ID_TYPES.get(question.country)
    if not question.tax_id or kind is None:
        return None
    value = f"GB{question.tax_id.removeprefix('GB')}" if kind == "gb_vat" else question.tax_id
    return {"type": kind, "value": value}


def _tax_of(line: dict[str, Any], currency: str) -> TaxOfLine:
    rates = [part["tax_rate_details"] for part in line["tax_breakdown"] or () if part["amount"]]
    percent = sum((Decimal(rate["percentage_decimal"]) for rate in rates), Decimal(0))
    return TaxOfLine(from_stripe(line["amount_tax"], currency), percent)


@contextmanager
def _asking(idempotency_key: str) -> Iterator[None]:
    try:
        with asking(idempotency_key):
            yield
    except stripe.InvalidRequestError as error:
        raise TaxRefused(_text(error), is_about_buyer=error.code in _ABOUT_BUYER) from error
    except NotSendable as error:
        raise TaxRefused(f"Stripe takes no such amount: {error}") from error
    except ProviderUnavailable as error:
        if isinstance(error.__cause__, stripe.APIError) and was_replayed(error.__cause__):
            raise KeySpent from error
        raise


def _text(error: stripe.InvalidRequestError) -> str:
    return f"{error.code or 'refused'}: {error.user_message or error}"
