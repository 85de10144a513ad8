"""Every address of the web process × every kind of person: only those whom the table names get in.

One world in one transaction for the whole module; what a test writes is rolled back.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model
from django.http import HttpResponse
from django.test import override_settings

from apps.accounts.models import User
from apps.billing.models import CommissionRule, Coupon, HostingTerms, PlanPrice, TaxRate
from apps.products.models import Category
from tests.access.table import ELSEWHERE, GUARDS, READS, WRITES, Guard
from tests.access.walk import Route, list_routes
from tests.access.world import (
    ANONYMOUS,
    HOSTING,
    INSIDE,
    OTHER_CREATOR,
    ROLES,
    STAFF,
    STAFF_WITHOUT_RIGHTS,
    World,
    build_world,
)
from tests.portal.studio.world import snapshot

pytestmark = pytest.mark.django_db  # see conftest.py
ROUTES = list_routes()
GUARDED = [route for route in ROUTES if route.name in GUARDS]
PRIVATE = [route for route in GUARDED if GUARDS[route.name][0] in (Guard.CONSUMER, Guard.CREATOR)]
ADMIN = [route for route in ROUTES if route.is_admin and not route.is_elsewhere]
# What staff add and delete by hand.
BY_HAND = {Category, Group, TaxRate}
# What staff add and never delete.
ADDED = {CommissionRule, Coupon, HostingTerms, PlanPrice}
# Addresses of the admin that only do something: read, they lead back to their list.
DEEDS = {"advance"}
FORBIDDEN = {401, 403, 404, 405}


def as_of_a_test() -> transaction.Atomic:
    """A transaction in which services that commit by themselves run, as in that of a test."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    return block


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), as_of_a_test(), override_settings(HOSTING_PRODUCT=HOSTING):
        yield build_world()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def untouched(world: World) -> Any:
    return snapshot()


@contextmanager
def rolled_back() -> Iterator[None]:
    """What is written inside is gone after it."""
    with as_of_a_test():
        yield
        transaction.set_rollback(True)


def ask(
    world: World, role: str, method: str, url: str, organization: str = "", body: dict[str, object] | None = None
) -> HttpResponse:
    rest = "/api/" in url
    response: HttpResponse = world.clients[role].generic(
        method,
        url,
        json.dumps(body or {}) if rest else urlencode(body or {}),
        "application/json" if rest else "application/x-www-form-urlencoded",
        headers={"X-Organization": organization} if organization else {},
    )
    return response


def methods_of(route: Route, mark: str) -> list[str]:
    """What is asked: what the table says, by the methods that a view of the REST API has."""
    asked = ({"GET"} if mark in READS else set()) | ({"POST", "PUT", "PATCH", "DELETE"} if mark in WRITES else set())
    return sorted(asked & route.methods)


def is_sign_in(response: HttpResponse) -> bool:
    return response.status_code == 302 and response["Location"].startswith(("/account/login", "/admin/login"))


def is_kept_out(response: HttpResponse, role: str) -> bool:
    return response.status_code in FORBIDDEN or (role == ANONYMOUS and is_sign_in(response))


def test_every_address_is_in_the_table() -> None:
    named = {route.name for route in ROUTES if not (route.is_elsewhere or route.is_admin)}
    assert named == set(GUARDS)
    assert all(any(route.name.startswith(name) for route in ROUTES) for name in ELSEWHERE)


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: route.name)
def test_who_is_named_gets_in(world: World, route: Route) -> None:
    guard, mark = GUARDS[route.name]
    url = world.url(route, guard)
    header = world.organization(guard).slug if guard in (Guard.CONSUMER, Guard.CREATOR) else ""
    for role in sorted(INSIDE[guard]):
        for method in methods_of(route, mark):
            with rolled_back():
                response = ask(world, role, method, url, header, {} if route.is_rest else world.body(route))
            assert not is_sign_in(response), role
            if method == "GET" and route.name != "portal:mail":  # there is no mail to be shown
                assert response.status_code in (200, 302), role
            elif method != "GET":
                # A form that is not filled in is refused for what it says, not for who sends it.
                assert response.status_code not in FORBIDDEN, (role, method)


@pytest.mark.parametrize("route", PRIVATE, ids=lambda route: route.name)
def test_nobody_else_gets_in_or_changes_anything(world: World, untouched: Any, route: Route) -> None:
    guard, mark = GUARDS[route.name]
    with rolled_back():
        for role in sorted(set(ROLES) - INSIDE[guard]):
            for url, header in addresses(world, route, guard, role):
                for method in methods_of(route, mark):
                    response = ask(world, role, method, url, header, world.body(route))
                    assert is_kept_out(response, role), (role, method, url, response.status_code)
        assert mark not in WRITES or snapshot() == untouched


def addresses(world: World, route: Route, guard: Guard, role: str) -> Iterator[tuple[str, str]]:
    """As it is; and with the person's own organization, then their own product too, in front of what is not theirs."""
    yield world.url(route, guard), world.organization(guard).slug
    if role not in world.own:
        return
    own, shop = world.own[role]
    foreign = set(route.parameters) - {"organization"}
    if foreign:
        yield world.url(route, guard, organization=own.slug), own.slug
    if role == OTHER_CREATOR and "slug" in foreign and foreign - {"slug"}:
        yield world.url(route, guard, organization=own.slug, slug=shop.product.slug), own.slug
    if role == OTHER_CREATOR and "product_id" in foreign and foreign - {"product_id"}:
        yield world.url(route, guard, product_id=shop.product.public_id), own.slug


@pytest.mark.parametrize(
    "route",
    [route for route in GUARDED if GUARDS[route.name][0] is Guard.SIGNED_IN],
    ids=lambda route: route.name,
)
def test_who_has_no_account_is_asked_to_sign_in(world: World, untouched: Any, route: Route) -> None:
    guard, mark = GUARDS[route.name]
    with rolled_back():
        for method in methods_of(route, mark):
            assert is_kept_out(ask(world, ANONYMOUS, method, world.url(route, guard)), ANONYMOUS), method
        assert snapshot() == untouched


@pytest.mark.parametrize("model", sorted(admin.site._registry, key=lambda model: model._meta.label))
def test_the_admin_is_for_staff_with_the_rights(world: World, untouched: Any, model: type[Model]) -> None:
    for route in [route for route in ADMIN if route.model is model]:
        url, view = world.url(route, Guard.STAFF), route.name.rpartition("_")[2]
        with rolled_back():
            for role in sorted(set(ROLES) - {STAFF}):
                response = ask(world, role, "POST" if view in ("add", "delete") else "GET", url)
                assert is_sign_in(response), (role, url, response.status_code)
            assert ask(world, STAFF_WITHOUT_RIGHTS, "GET", url).status_code == 403
            closed = view in ("add", "delete") and model not in (BY_HAND | (ADDED if view == "add" else set()))
            expected = 302 if view in DEEDS else 403 if closed else 200
            assert ask(world, STAFF, "GET", url).status_code == expected
    with rolled_back():
        for route in [route for route in ADMIN if route.model is model]:
            assert ask(world, STAFF_WITHOUT_RIGHTS, "POST", world.url(route, Guard.STAFF)).status_code in (403, 405)
        assert snapshot() == untouched


@pytest.mark.parametrize("route", [route for route in ADMIN if not route.model], ids=lambda route: route.name)
def test_the_admin_around_the_models_is_for_staff(world: World, route: Route) -> None:
    url = world.url(route, Guard.STAFF)
    for role in sorted(set(ROLES) - {STAFF}):
        response = ask(world, role, "GET", url)
        assert is_sign_in(response) or response.status_code == 403, (role, response.status_code)


def test_the_index_of_the_admin_shows_nothing_to_staff_without_rights(world: World) -> None:
    content = ask(world, STAFF_WITHOUT_RIGHTS, "GET", "/admin/", "").content.decode()
    assert not [model for model in (User, Category) if f"/admin/{model._meta.app_label}/" in content]
