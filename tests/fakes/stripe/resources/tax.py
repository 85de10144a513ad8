"""Stripe Tax: calculations, and the transactions that are made of them, at rates of the fake's own."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.errors import invalid, refused
from tests.fakes.stripe.lists import page
from tests.fakes.stripe.params import Params
from tests.fakes.stripe.world import Object, World, random_id

# Where the seller is registered: what its tax is called, and how much it is.
RATES = {
    "DE": ("vat", "VAT", "19"),
    "FR": ("vat", "VAT", "20"),
    "DK": ("vat", "VAT", "25"),
    "US-CA": ("sales_tax", "Sales Tax", "8.25"),
}
SELLER = "DE"
UNION = {"DE", "FR", "DK"}
# Without one of these Stripe does not know where somebody is.
NEED_A_PLACE = {"US", "CA"}
LIFE_SECONDS = 90 * 86400
LINES_MAX = 100

Part = dict[str, Any]


@route(
    "POST", "/v1/tax/calculations", "customer customer_details ship_from_details shipping_cost tax_date",
    required="currency line_items",
)  # fmt: skip
def calculate(call: Call) -> Object:
    customer = _customer(call.params.under("customer_details"))
    given = call.params.items("line_items")
    if len(given) > LINES_MAX:
        raise invalid(f"You can pass up to {LINES_MAX} line items.", "line_items")
    id_ = random_id("taxcalc")
    parts = [_reckoned(Params(each), number, customer) for number, each in enumerate(given)]
    lines = [_line(call.world, Params(each), part) for each, part in zip(given, parts, strict=True)]
    if len({line["reference"] for line in lines}) != len(lines):
        raise invalid("Line item references must be unique.", "line_items")
    inclusive = sum(line["amount_tax"] for line in lines if line["tax_behavior"] == "inclusive")
    exclusive = sum(line["amount_tax"] for line in lines if line["tax_behavior"] == "exclusive")
    call.world.private[id_] = lines
    return call.add(
        {
            "id": id_,
            "object": "tax.calculation",
            "amount_total": sum(line["amount"] for line in lines) + exclusive,
            "currency": call.params.text("currency"),
            "customer": None,
            "customer_details": customer,
            "expires_at": call.now() + LIFE_SECONDS,
            "livemode": False,
            "ship_from_details": None,
            "shipping_cost": None,
            "tax_amount_exclusive": exclusive,
            "tax_amount_inclusive": inclusive,
            "tax_breakdown": [_summed(line, part) for line, part in zip(lines, parts, strict=True)],
            "tax_date": call.params.integer("tax_date", call.now()),
        }
    )


@listing("/v1/tax/calculations/{id}/line_items")
def lines_of_calculation(call: Call) -> Object:
    call.get("tax.calculation")
    return page(call.params, call.world.private[call.id], f"/v1/tax/calculations/{call.id}/line_items")


@route(
    "POST", "/v1/tax/transactions/create_from_calculation", "metadata posted_at", required="calculation reference"
)  # fmt: skip
def create(call: Call) -> Object:
    calculation = call.named("calculation", "tax.calculation")
    assert calculation is not None
    if calculation["expires_at"] <= call.now():
        raise refused("This calculation has expired.", "tax_calculation_expired", "calculation")
    lines = [_committed(line) for line in call.world.private[calculation["id"]]]
    same = ("currency", "customer", "customer_details", "ship_from_details", "shipping_cost", "tax_date")
    return _add(call, lines, {name: calculation[name] for name in same} | {"type": "transaction", "reversal": None})


@route(
    "POST", "/v1/tax/transactions/create_reversal", "flat_amount line_items metadata shipping_cost",
    required="mode original_transaction reference",
)  # fmt: skip
def reverse(call: Call) -> Object:
    original = call.named("original_transaction", "tax.transaction")
    assert original is not None
    if original["type"] != "transaction":
        raise refused("A reversal cannot be reversed.", param="original_transaction")
    if call.params.text("mode") != "partial":
        raise invalid("This server reverses line by line: mode must be partial.", "mode")
    lines = [_reversed(call, original, Params(each)) for each in call.params.items("line_items")]
    same = ("currency", "customer", "customer_details", "ship_from_details", "tax_date")
    return _add(
        call,
        lines,
        {name: original[name] for name in same}
        | {"type": "reversal", "reversal": {"original_transaction": original["id"]}, "shipping_cost": None},
    )


@route("GET", "/v1/tax/transactions/{id}")
def retrieve(call: Call) -> Object:
    return call.get("tax.transaction")


@listing("/v1/tax/transactions/{id}/line_items")
def lines_of_transaction(call: Call) -> Object:
    call.get("tax.transaction")
    return page(call.params, call.world.private[call.id], f"/v1/tax/transactions/{call.id}/line_items")


def _customer(details: Params) -> Object:
    country = details.text("address.country")
    if country is None:
        raise invalid("Missing required param: customer_details[address][country].", code="parameter_missing")
    address = {name: details.text(f"address.{name}") for name in ("city", "line1", "line2", "postal_code", "state")} | {
        "country": country
    }
    if country in NEED_A_PLACE and not (address["postal_code"] or address["state"]):
        raise invalid(
            "We could not determine the customer's tax location based on the provided customer address.",
            "customer_details[address]",
            "customer_tax_location_invalid",
        )
    return {
        "address": address,
        "address_source": details.text("address_source"),
        "ip_address": None,
        "tax_ids": details.items("tax_ids"),
        "taxability_override": details.text("taxability_override", "none"),
    }


def _line(world: World, given: Params, part: Part) -> Object:
    id_ = random_id("tax_li")
    # Shown where it is asked for.
    world.private[id_] = {"tax_breakdown": [part]}
    return {
        "id": id_,
        "object": "tax.calculation_line_item",
        "amount": given.integer("amount"),
        "amount_tax": part["amount"],
        "livemode": False,
        "metadata": given.metadata() or None,
        "product": None,
        "quantity": given.integer("quantity", 1),
        "reference": given.text("reference", id_),
        "tax_behavior": given.text("tax_behavior", "exclusive"),
        "tax_code": given.text("tax_code", "txcd_10000000"),
    }


def _reckoned(given: Params, number: int, customer: Object) -> Part:
    """The tax on an amount, rounded half up, and where it comes from."""
    amount = given.integer("amount")
    if amount is None or amount < 1:
        raise invalid("Invalid positive integer", f"line_items[{number}][amount]", "parameter_invalid_integer")
    country, state = customer["address"]["country"], customer["address"]["state"]
    kind, name, percent = RATES.get(f"{country}-{state}", RATES.get(country, ("", "", "0")))
    has_union_id = any(each["type"] == "eu_vat" for each in customer["tax_ids"])
    override = customer["taxability_override"]
    reason = "standard_rated" if kind else "not_collecting"
    if override == "reverse_charge" or (has_union_id and country != SELLER and country in UNION):
        reason = "reverse_charge"
    elif override == "customer_exempt":
        reason = "customer_exempt"
    rate = Decimal(percent) if reason == "standard_rated" else Decimal(0)
    exact = amount * rate / (100 + rate if given.text("tax_behavior") == "inclusive" else 100)
    place = {"country": country, "display_name": country, "level": "country", "state": None}
    if state:
        place |= {"display_name": state, "level": "state", "state": state}
    return {
        "amount": int(exact.quantize(Decimal(1), ROUND_HALF_UP)),
        "jurisdiction": place,
        "sourcing": "destination",
        "tax_rate_details": {"display_name": name, "percentage_decimal": str(rate), "tax_type": kind} if kind else None,
        "taxability_reason": reason,
        "taxable_amount": amount if rate else 0,
    }


def _summed(line: Object, part: Part) -> Part:
    rated = part["tax_rate_details"] or {"percentage_decimal": "0.0", "tax_type": None}
    return {
        "amount": part["amount"],
        "inclusive": line["tax_behavior"] == "inclusive",
        "tax_rate_details": {
            "country": part["jurisdiction"]["country"],
            "flat_amount": None,
            "percentage_decimal": rated["percentage_decimal"],
            "rate_type": "percentage",
            "state": part["jurisdiction"]["state"],
            "tax_type": rated["tax_type"],
        },
        "taxability_reason": part["taxability_reason"],
        "taxable_amount": part["taxable_amount"],
    }


def _committed(line: Object) -> Object:
    return line | {
        "id": random_id("tax_li"), "object": "tax.transaction_line_item", "type": "transaction", "reversal": None,
    }  # fmt: skip


def _reversed(call: Call, original: Object, given: Params) -> Object:
    """A line that takes back a part of another, which is all that there is of it at most."""
    lines = {line["id"]: line for line in call.world.private[original["id"]]}
    of = lines.get(given.text("original_line_item") or "")
    if of is None:
        raise invalid("No such line item in the original transaction.", "line_items")
    taken = [line for line in _all_lines(call) if (line["reversal"] or {}).get("original_line_item") == of["id"]]
    for name in ("amount", "amount_tax"):
        asked = given.integer(name)
        if asked is None or asked > 0:
            raise invalid("Amounts to reverse are negative.", f"line_items[][{name}]")
        if -asked > of[name] + sum(line[name] for line in taken):
            raise refused("More than what is left of a line item cannot be reversed.", param="line_items")
    return of | {
        "id": random_id("tax_li"),
        "amount": given.integer("amount"),
        "amount_tax": given.integer("amount_tax"),
        "metadata": None,
        "reference": given.text("reference"),
        "type": "reversal",
        "reversal": {"original_line_item": of["id"]},
    }


def _all_lines(call: Call) -> Iterable[Object]:
    for transaction in call.world.of_kind(call.account, "tax.transaction"):
        yield from call.world.private[transaction["id"]]


def _add(call: Call, lines: list[Object], values: Object) -> Object:
    """A reference names one transaction, whatever its kind."""
    reference = call.params.text("reference")
    if any(each["reference"] == reference for each in call.world.of_kind(call.account, "tax.transaction")):
        raise refused(f"A tax transaction with the reference {reference} already exists.", param="reference")
    id_ = random_id("tax")
    call.world.private[id_] = lines
    return call.add(
        {
            "id": id_,
            "object": "tax.transaction",
            "created": call.now(),
            "livemode": False,
            "metadata": call.params.metadata(),
            "posted_at": call.params.integer("posted_at", call.now()),
            "reference": reference,
            **values,
        }
    )
