"""Lists in pages: everything once, whatever comes or goes meanwhile, and no cursor but ours is taken."""

from typing import Any

import pytest
from django.core import signing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core.rest.errors import CursorInvalid
from apps.core.rest.pagination import open_cursor, seal_cursor
from tests.api.client import Api
from tests.api.world import World
from tests.factories.products import EndpointFactory, ProductFactory
from tests.factories.usage import store_calls


def test_a_parameter_that_is_not_known_is_refused(world: World) -> None:
    api = world.creator.api
    for path in ("/products", world.product_path, "/catalog/products"):
        refused = api.get(path, limits="5")
        assert (refused.status, refused.code) == (422, "invalid")
        assert list(refused.body["error"]["details"]["fields"]) == ["limits"]
    assert api.get("/products", limit="5", cursor="").status == 200
    assert Api().get("/hello/ping", anything="goes").status == 200


def walk(api: Any, path: str, **query: Any) -> list[Any]:
    """Every item of a list, page after page."""
    items, cursor = [], ""
    while True:
        answer = api.get(path, limit=2, **query, **({"cursor": cursor} if cursor else {}))
        assert len(answer.data) <= 2
        items += answer.data
        cursor = answer.next_cursor or ""
        if not cursor:
            return items


@pytest.mark.parametrize("order", ["-created_at", "created_at", "name", "-name"])
def test_every_item_comes_once_in_order(world: World, order: str) -> None:
    organization = world.creator.actor.organization
    for name in ("B", "A", "A", "C"):
        ProductFactory(organization=organization, name=name)
    found = walk(world.creator.api, "/products", order=order)
    values = [one[order.removeprefix("-")] for one in found]
    assert values == sorted(values, reverse=order.startswith("-"))
    assert len({one["id"] for one in found}) == len(found) == 6


def test_what_comes_meanwhile_shifts_nothing(world: World) -> None:
    for number in range(4):
        EndpointFactory(tier=world.tier, path=f"/m{number}")
    path = f"{world.product_path}/endpoints"
    first = world.creator.api.get(path, limit=2)
    EndpointFactory(tier=world.tier, path="/a-new-one")
    second = world.creator.api.get(path, limit=100, cursor=first.next_cursor)
    paths = [one["path"] for one in first.data + second.data]
    assert paths == ["/forecast", "/m0", "/m1", "/m2", "/m3"]


def test_the_request_log_comes_in_pages_too(world: World) -> None:
    store_calls(world.key, world.endpoint, 4)
    found = walk(world.consumer.api, "/requests")
    assert len({one["id"] for one in found}) == len(found) == 9
    times = [one["occurred_at"] for one in found]
    assert times == sorted(times, reverse=True)


def test_a_page_has_1_to_100_items(world: World) -> None:
    for limit in ("0", "101", "-1", "x", "1.5"):
        answer = world.creator.api.get("/products", limit=limit)
        assert answer.code == "invalid", limit
        assert "limit" in answer.body["error"]["details"]["fields"]


def test_a_cursor_is_good_for_its_own_list_and_order(world: World) -> None:
    ProductFactory(organization=world.creator.actor.organization)
    cursor = world.creator.api.get("/products", limit=1).next_cursor
    assert world.creator.api.get("/products", cursor=cursor).status == 200
    assert world.creator.api.get("/products", cursor=cursor, order="name").code == "cursor_invalid"
    assert world.creator.api.get("/invoices", cursor=cursor).code == "cursor_invalid"
    assert world.creator.api.get("/requests", cursor=cursor).code == "cursor_invalid"


def test_a_hostile_cursor_is_refused(world: World) -> None:
    sealed_for_something_else = signing.dumps(["listProducts -created_at,-id", []])
    for cursor in ("x", "..", "é", "W10", "9999999999999999999.0", sealed_for_something_else):
        for path in ("/products", "/requests"):
            answer = world.creator.api.get(path, cursor=cursor)
            assert (answer.status, answer.code) == (400, "cursor_invalid"), cursor


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.text(max_size=60))
def test_no_text_but_a_sealed_one_opens(text: str) -> None:
    with pytest.raises(CursorInvalid):
        open_cursor("list", text)
    with pytest.raises(CursorInvalid):
        open_cursor("list", seal_cursor("another list", [text]))
    assert open_cursor("list", seal_cursor("list", [text])) == [text]
