"""Lists as Stripe gives them: newest first, cursors by object id."""

from collections.abc import Iterable
from typing import Any

from tests.fakes.stripe.errors import invalid, no_such
from tests.fakes.stripe.params import Params
from tests.fakes.stripe.world import Object

MOST = 100


def whole(items: list[Object], url: str) -> Object:
    """The list that stands inside an object, with everything in it."""
    return {"object": "list", "data": items, "has_more": False, "url": url}


def page(params: Params, items: Iterable[Object], url: str) -> Object:
    """The part of `items` (newest first) that `limit`, `starting_after` and `ending_before` ask for."""
    limit = params.integer("limit", 10) or 10
    if not 1 <= limit <= MOST:
        raise invalid(f"Invalid integer: limit must be between 1 and {MOST}", "limit")
    found = list(items)
    if after := params.text("starting_after"):
        found = found[_place(found, after, "starting_after") + 1 :]
        return _cut(found[:limit], len(found) > limit, url)
    if before := params.text("ending_before"):
        found = found[: _place(found, before, "ending_before")]
        return _cut(found[-limit:], len(found) > limit, url)
    return _cut(found[:limit], len(found) > limit, url)


def created_within(params: Params, items: Iterable[Object]) -> list[Object]:
    """Those whose `created` fits `created=…` or `created[gte]=…&created[lt]=…`."""
    given = params.values.get("created")
    if given is None:
        return list(items)
    if not isinstance(given, dict):
        return [item for item in items if item["created"] == int(given)]
    return [item for item in items if all(_compares(item["created"], sign, int(at)) for sign, at in given.items())]


def matching(params: Params, items: Iterable[Object], *names: str) -> list[Object]:
    """Those whose fields equal the parameters of the same names, where these are given."""
    wanted = {name: params.text(name) for name in names if params.has(name)}
    return [item for item in items if all(_text(item.get(name)) == value for name, value in wanted.items())]


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _compares(value: int, sign: str, at: int) -> bool:
    comparisons = {"gt": value > at, "gte": value >= at, "lt": value < at, "lte": value <= at}
    if sign not in comparisons:
        raise invalid(f"Received unknown parameter: created[{sign}]", f"created[{sign}]", "parameter_unknown")
    return comparisons[sign]


def _cut(data: list[Object], has_more: bool, url: str) -> Object:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def _place(items: list[Object], id_: str, param: str) -> int:
    for place, item in enumerate(items):
        if item["id"] == id_:
            return place
    raise no_such("object", id_, param)
