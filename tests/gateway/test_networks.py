"""From where a product and its endpoints may be called, besides what a key is restricted to."""

import ipaddress
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.access import Actor
from apps.accounts.enums import Role
from apps.gateway.engine.admission.networks import network_rule
from apps.products.services import update_endpoint, update_product
from tests.factories.accounts import UserFactory
from tests.gateway.problems import assert_refused, check
from tests.gateway.shop import Shop
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

MakeShop = Callable[..., Shop]
HERE, ELSEWHERE, ALL = ["127.0.0.0/8"], ["192.0.2.0/24", "::/0"], ["0.0.0.0/0"]


@pytest.mark.parametrize(
    ("allowed", "denied", "address", "passes"),
    [
        ([], ["10.0.0.0/8"], "10.1.2.3", False),
        ([], ["10.0.0.0/8"], "11.0.0.0", True),
        (["10.0.0.0/8"], ["10.0.0.0/8"], "10.1.2.3", False),
        (["10.0.0.0/8"], ["10.1.0.0/16"], "10.1.255.255", False),
        (["10.0.0.0/8"], ["10.1.0.0/16"], "10.2.0.0", True),
        (["10.0.0.0/8"], [], "9.255.255.255", False),
        (["10.0.0.7/32", "2001:db8::/32"], [], "2001:db8:ffff::1", True),
        (["10.0.0.7/32", "2001:db8::/32"], [], "10.0.0.7", True),
        (["10.0.0.7/32", "2001:db8::/32"], [], "10.0.0.6", False),
        # An address of one version is in no network of the other, whatever its number.
        (["0.0.0.0/0"], [], "::1", False),
        (["::/0"], [], "127.0.0.1", False),
        ([], ["::/96"], "0.0.0.1", True),
    ],
)
def test_a_rule(allowed: list[str], denied: list[str], address: str, passes: bool) -> None:
    rule = network_rule(allowed, denied)
    assert rule is not None
    assert rule.admits(ipaddress.ip_address(address)) is passes


def test_no_rule_is_none() -> None:
    assert network_rule([], []) is None


@pytest.mark.parametrize(
    ("product", "endpoint", "whose"),
    [
        ((ELSEWHERE, []), ([], []), "product"),
        (([], HERE), ([], []), "product"),
        ((HERE, HERE), ([], []), "product"),
        (([], HERE), (HERE, []), "product"),
        ((HERE, []), ([], HERE), "endpoint"),
        ((ALL, []), (ELSEWHERE, []), "endpoint"),
    ],
)
def test_calls_from_elsewhere_are_refused(
    make_shop: MakeShop, product: tuple[list[str], list[str]], endpoint: tuple[list[str], list[str]], whose: str
) -> None:
    shop = make_shop(quota=10, allowed_networks=product[0], denied_networks=product[1])
    shop.endpoint("/inside", allowed_networks=endpoint[0], denied_networks=endpoint[1])
    # What a client says about itself changes nothing.
    reply = shop.call("/inside", headers=[("X-Forwarded-For", "192.0.2.1"), ("X-Real-IP", "192.0.2.1")])
    document = check(reply, 403, "ip_not_allowed")
    assert document["detail"] == f"This {whose} takes no calls from the address 127.0.0.1."
    assert reply.get("RateLimit-Policy")
    assert_refused(shop, "ip_not_allowed")


def test_calls_from_within_pass(make_shop: MakeShop) -> None:
    shop = make_shop(allowed_networks=HERE, denied_networks=ELSEWHERE)
    shop.endpoint("/inside", allowed_networks=ALL)
    shop.endpoint("/outside", denied_networks=ALL)
    assert shop.call("/inside").status == 200
    assert shop.call("/things").status == 200
    assert shop.call("/outside").status == 403


def test_a_change_of_the_lists_is_live_within_seconds(shop: Shop, settings: Any) -> None:
    settings.UPSTREAM_ALLOW = [shop.upstream.address]
    actor = Actor(UserFactory(), shop.product.organization, Role.OWNER)
    assert shop.call("/things").status == 200
    kept = {name: getattr(shop.product, name) for name in ("name", "upstream_url")}
    update_product(actor=actor, product=shop.product, denied_networks=["127.0.0.1"], **kept)
    wait_until(lambda: shop.call("/things").status == 403, seconds=5, what="the product denies us")
    update_product(actor=actor, product=shop.product, denied_networks=[], **kept)
    wait_until(lambda: shop.call("/things").status == 200, seconds=5, what="the product takes us")
    endpoint = shop.product.endpoints.get(path="/things", method="GET")
    route = {"method": "GET", "path": "/things", "tier": shop.tier}
    update_endpoint(actor=actor, endpoint=endpoint, allowed_networks=["192.0.2.7"], **route)
    wait_until(lambda: shop.call("/things").status == 403, seconds=5, what="the endpoint denies us")
    assert update_endpoint(actor=actor, endpoint=endpoint, **route).allowed_networks == ["192.0.2.7/32"]
