"""`expand[]=customer&expand[]=data.latest_charge.balance_transaction`: ids become objects, left-out lists come in."""

import copy
from collections.abc import Callable
from typing import Any

from tests.fakes.stripe import lists
from tests.fakes.stripe.errors import invalid
from tests.fakes.stripe.world import PLATFORM, Object, World

DEEPEST = 4


def _refunds(world: World, account: str, charge: Object) -> Object:
    found = [refund for refund in world.of_kind(account, "refund") if refund["charge"] == charge["id"]]
    return lists.whole(found, f"/v1/charges/{charge['id']}/refunds")


def _subscriptions(world: World, account: str, customer: Object) -> Object:
    of_customer = [s for s in world.of_kind(account, "subscription") if s["customer"] == customer["id"]]
    found = [subscription for subscription in of_customer if subscription["status"] != "canceled"]
    return lists.whole(found, f"/v1/customers/{customer['id']}/subscriptions")


def _line_items(world: World, account: str, session: Object) -> Object:
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return lists.whole(world.private[session["id"]]["line_items"], url)


def _payments(world: World, account: str, invoice: Object) -> Object:
    found = [payment for payment in world.of_kind(account, "invoice_payment") if payment["invoice"] == invoice["id"]]
    return lists.whole(found, "/v1/invoice_payments")


def _tax_lines(world: World, account: str, item: Object) -> Object:
    """The first ones alone."""
    kind, lines = item["object"].removeprefix("tax."), world.private[item["id"]]
    url = f"/v1/tax/{kind}s/{item['id']}/line_items"
    return lists.whole(lines[:10], url) | {"has_more": len(lines) > 10}


def _empty(path: str) -> Callable[[World, str, Object], Object]:
    return lambda world, account, item: lists.whole([], path.format(item["id"]))


# What is left out unless it is asked for.
LEFT_OUT: dict[tuple[str, str], Callable[[World, str, Object], Any]] = {
    ("charge", "refunds"): _refunds,
    ("customer", "subscriptions"): _subscriptions,
    ("customer", "sources"): _empty("/v1/customers/{}/sources"),
    ("customer", "tax_ids"): _empty("/v1/customers/{}/tax_ids"),
    ("checkout.session", "line_items"): _line_items,
    ("invoice", "payments"): _payments,
    ("tax.calculation", "line_items"): _tax_lines,
    ("tax.calculation_line_item", "tax_breakdown"): lambda world, account, line: world.private[line["id"]][
        "tax_breakdown"
    ],
    ("tax.transaction", "line_items"): _tax_lines,
    ("price", "currency_options"): lambda world, account, price: {
        price["currency"]: {
            "custom_unit_amount": None,
            "tax_behavior": price["tax_behavior"],
            "unit_amount": price["unit_amount"],
            "unit_amount_decimal": price["unit_amount_decimal"],
        }
    },
}
# Left out, and nothing there to come in.
NOT_KEPT = {("price", "tiers")}


def expanded(world: World, account: str, item: Object, paths: list[str]) -> Object:
    """A copy with what `paths` name."""
    result = copy.deepcopy(item)
    for path in paths:
        parts = path.split(".")
        if len([part for part in parts if part != "data"]) > DEEPEST:
            raise invalid(f"You cannot expand more than {DEEPEST} levels of a property", "expand")
        _expand(world, account, result, parts, path)
    return result


def _expand(world: World, account: str, item: Object, parts: list[str], path: str) -> None:
    name, *others = parts
    key = (item.get("object", ""), name)
    if key in NOT_KEPT:
        return
    if name not in item:
        if key not in LEFT_OUT:
            raise _cannot(path)
        item[name] = copy.deepcopy(LEFT_OUT[key](world, account, item))
    value = item[name] = _resolved(world, account, item[name])
    if not others:
        reached = value if isinstance(value, list) else [value]
        # A list may be asked for by its name, although it stands there anyway.
        if not all(each is None or isinstance(each, dict) for each in reached):
            raise _cannot(path)
        return
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            _expand(world, account, each, others, path)


def _resolved(world: World, account: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_resolved(world, account, each) for each in value]
    if isinstance(value, str):
        found = world.find(account, value) or world.find(PLATFORM, value, "account") or _bank(world, account, value)
        return copy.deepcopy(found) if found is not None else value
    return value


def _bank(world: World, account: str, id_: str) -> Object | None:
    owner = world.find(PLATFORM, account, "account")
    banks = owner["external_accounts"]["data"] if owner else []
    return next((bank for bank in banks if bank["id"] == id_), None)


def _cannot(path: str) -> Exception:
    return invalid(f"This property cannot be expanded ({path}).", "expand")
