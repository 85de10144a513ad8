"""Every row of the table of checks: its status, code, headers and body; and that a refused call takes nothing."""

import datetime as dt
from collections.abc import Callable

import http_sf
import pytest

from apps.keys import secret as key_secret
from apps.plans.models import PlanGrant
from apps.products.enums import ProductStatus
from apps.subscriptions.enums import SubscriptionStatus
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import PlanFactory
from tests.factories.products import TierFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.gateway.problems import assert_refused, check
from tests.gateway.server import RunningGateway
from tests.gateway.shop import Shop
from tests.gateway.wire import call, raw_call

pytestmark = pytest.mark.usefixtures("transactional_db")

MakeShop = Callable[..., Shop]
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"
REDUCED_CAPACITY = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"


# --- parse ---------------------------------------------------------------------------------------


def test_bad_request(shop: Shop) -> None:
    document = check(shop.call("/things/../things"), 400, "bad_request")
    assert document["title"] == "Bad Request"
    assert shop.received == []


def test_target_too_long(shop: Shop) -> None:
    longest = "/things/" + "a" * (8192 - len(f"/{shop.product.slug}/things/"))
    assert shop.call(longest).status == 200
    document = check(shop.call(f"{longest}a"), 414, "target_too_long")
    assert document["detail"] == "The request target is longer than 8192 bytes."


@pytest.mark.parametrize("version", ["0.9", "2.0"])
def test_other_versions_of_http_are_refused(shop: Shop, version: str) -> None:
    request = f"GET /{shop.product.slug}/things HTTP/{version}\r\nHost: a\r\nX-Api-Key: {shop.secret}\r\n\r\n"
    answer = raw_call(shop.gateway.port, request.encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code": "bad_request"' in answer
    assert shop.received == []


@pytest.mark.parametrize(
    "hosts", [["a.example", "b.example"], ["a b"], ["a,b"], ["a.example:80:80"], ["user@a.example"]]
)
def test_exactly_one_host_is_wanted(shop: Shop, hosts: list[str]) -> None:
    lines = "".join(f"Host: {host}\r\n" for host in hosts)
    request = (
        f"GET /{shop.product.slug}/things HTTP/1.1\r\n{lines}X-Api-Key: {shop.secret}\r\nConnection: close\r\n\r\n"
    )
    answer = raw_call(shop.gateway.port, request.encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code": "bad_request"' in answer
    assert shop.received == []


def test_a_header_that_is_not_utf8_is_refused(shop: Shop) -> None:
    request = (
        f"GET /{shop.product.slug}/things HTTP/1.1\r\nHost: a\r\nX-Api-Key: {shop.secret}\r\nConnection: close\r\n"
    )
    answer = raw_call(shop.gateway.port, request.encode() + b"X-Name: caf\xe9\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert shop.received == []


# --- route ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/nobody/has/this", "/_gateway/other"])
def test_unknown_product(gateway: RunningGateway, path: str) -> None:
    check(call(gateway.url + path), 404, "route_not_found")


def test_route_not_found(shop: Shop) -> None:
    check(shop.call("/nothing"), 404, "route_not_found")
    assert_refused(shop, "route_not_found", known=False)


def test_method_not_allowed(shop: Shop) -> None:
    reply = shop.call("/things", "DELETE")
    check(reply, 405, "method_not_allowed")
    assert reply.get("Allow") == "GET, HEAD, POST"
    assert_refused(shop, "method_not_allowed", known=False)


def test_options_that_is_no_preflight_is_a_method_like_others(shop: Shop) -> None:
    reply = shop.call("/things", "OPTIONS", [("Origin", "https://page.example")])
    check(reply, 405, "method_not_allowed")


def test_suspended_product(make_shop: MakeShop) -> None:
    shop = make_shop(status=ProductStatus.SUSPENDED)
    check(shop.call("/things"), 403, "product_suspended")
    assert_refused(shop, "product_suspended", known=False)


def test_retired_product(make_shop: MakeShop) -> None:
    shop = make_shop(status=ProductStatus.RETIRED, published_at=dt.datetime(2024, 1, 1, tzinfo=dt.UTC))
    check(shop.call("/things"), 403, "product_retired")
    assert_refused(shop, "product_retired", known=False)


def test_a_draft_that_was_given_up_stays_unknown_to_strangers(make_shop: MakeShop) -> None:
    shop = make_shop(status=ProductStatus.RETIRED)
    check(shop.anonymous("/things"), 404, "route_not_found")


def test_an_unpublished_product_serves_its_subscribers(make_shop: MakeShop) -> None:
    assert make_shop(status=ProductStatus.UNPUBLISHED).call("/things").status == 200


def test_a_draft_exists_only_for_its_subscribers(make_shop: MakeShop, shop: Shop) -> None:
    draft = make_shop(status=ProductStatus.DRAFT)
    assert draft.call("/things").status == 200
    unknown = call(f"{shop.gateway.url}/no-such-product/things").json()["detail"]
    for reply in (
        draft.anonymous("/things"),
        draft.anonymous("/nothing"),
        draft.anonymous("/things", "DELETE"),
        draft.anonymous("/things", headers=[("X-Api-Key", shop.secret)]),
        draft.anonymous("/things", "OPTIONS", [("Origin", "https://a"), ("Access-Control-Request-Method", "GET")]),
    ):
        assert check(reply, 404, "route_not_found")["detail"] == unknown
        assert reply.get("Allow") is None
        assert reply.get("WWW-Authenticate") is None


# --- key -----------------------------------------------------------------------------------------


def test_key_missing(shop: Shop) -> None:
    reply = shop.anonymous("/things")
    check(reply, 401, "key_missing")
    assert reply.get("WWW-Authenticate") == f'Bearer realm="{shop.product.slug}"'
    assert_refused(shop, "key_missing", known=False)


def test_two_keys_that_differ(shop: Shop) -> None:
    reply = shop.call("/things", headers=[("Authorization", f"Bearer {key_secret.generate().secret}")])
    check(reply, 400, "bad_request")
    assert_refused(shop, "bad_request", known=False)


@pytest.mark.parametrize("secret", ["a real one", "af_live_" + "0" * 38, "guess", "%C3%A9", "a" * 4000])
def test_key_invalid(shop: Shop, secret: str) -> None:
    secret = key_secret.generate().secret if secret == "a real one" else secret
    reply = shop.anonymous(f"/things?api_key={secret}")
    check(reply, 401, "key_invalid")
    assert 'error="invalid_token"' in (reply.get("WWW-Authenticate") or "")
    assert_refused(shop, "key_invalid", known=False)


def test_key_revoked(shop: Shop) -> None:
    made = key_secret.generate()
    ApiKeyFactory(subscription=shop.subscription, generated=made, revoked_at=dt.datetime.now(dt.UTC))
    check(shop.anonymous("/things", headers=[("X-Api-Key", made.secret)]), 401, "key_revoked")
    assert_refused(shop, "key_revoked")


def test_key_expired(shop: Shop) -> None:
    made = key_secret.generate()
    ApiKeyFactory(subscription=shop.subscription, generated=made, expires_at=dt.datetime.now(dt.UTC))
    check(shop.anonymous("/things", headers=[("X-Api-Key", made.secret)]), 401, "key_expired")
    assert_refused(shop, "key_expired")


def test_a_key_that_expires_later_works(shop: Shop) -> None:
    made = key_secret.generate()
    later = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
    ApiKeyFactory(subscription=shop.subscription, generated=made, expires_at=later)
    assert shop.anonymous("/things", headers=[("X-Api-Key", made.secret)]).status == 200


# --- subscription and entitlement ----------------------------------------------------------------


def test_not_subscribed(shop: Shop, make_shop: MakeShop) -> None:
    other = make_shop()
    check(shop.anonymous("/things", headers=[("X-Api-Key", other.secret)]), 403, "not_subscribed")
    assert_refused(shop, "not_subscribed", known=False)


SAID = {
    SubscriptionStatus.UNPAID: "An invoice of this subscription is unpaid. Pay it",
    SubscriptionStatus.PAUSED: "The creator of this product has paused this subscription. Ask",
    SubscriptionStatus.CANCELED: "This subscription is canceled. Subscribe again",
    SubscriptionStatus.INCOMPLETE: "This subscription has not begun: its first invoice is not paid. Pay it",
    SubscriptionStatus.PENDING_APPROVAL: "The creator of this product has not approved this subscription yet.",
}


@pytest.mark.parametrize(
    ("status", "answer", "code"),
    [
        (SubscriptionStatus.TRIALING, 200, ""),
        (SubscriptionStatus.ACTIVE, 200, ""),
        (SubscriptionStatus.PAST_DUE, 200, ""),
        (SubscriptionStatus.UNPAID, 402, "payment_required"),
        (SubscriptionStatus.PAUSED, 403, "subscription_inactive"),
        (SubscriptionStatus.CANCELED, 403, "subscription_inactive"),
        (SubscriptionStatus.INCOMPLETE, 403, "subscription_inactive"),
        (SubscriptionStatus.PENDING_APPROVAL, 403, "subscription_inactive"),
    ],
)
def test_subscription_status(make_shop: MakeShop, status: SubscriptionStatus, answer: int, code: str) -> None:
    shop = make_shop(quota=10)
    shop.subscription.status = status
    shop.subscription.save()
    reply = shop.call("/things")
    if answer == 200:
        assert reply.status == 200
        return
    document = check(reply, answer, code)
    assert document["detail"].startswith(SAID[status]), document["detail"]
    assert_refused(shop, code)
    # An authenticated consumer is told the policies on every reply.
    assert http_sf.parse((reply.get("RateLimit-Policy") or "").encode(), tltype="list")[0][0] == "monthly"


def test_plan_upgrade_required_names_the_cheapest_plan_on_sale(shop: Shop) -> None:
    higher, highest = TierFactory(product=shop.product, rank=20), TierFactory(product=shop.product, rank=30)
    PlanFactory(tier=highest, slug="top", name="Top", price_amount=900)
    PlanFactory(tier=higher, slug="pro", name="Pro", price_amount=1000)
    PlanFactory(tier=higher, slug="old", name="Old", price_amount=1, withdrawn_at=dt.datetime.now(dt.UTC))
    PlanFactory(tier=higher, slug="draft", name="Draft", price_amount=1, published_at=None)
    shop.endpoint("/reports", tier=higher)
    document = check(shop.call("/reports"), 403, "plan_upgrade_required")
    assert document["required_plan"] == "top"
    assert "Top" in str(document["detail"])
    assert_refused(shop, "plan_upgrade_required")


def test_a_private_plan_is_named_only_to_those_who_may_have_it(shop: Shop) -> None:
    higher = TierFactory(product=shop.product, rank=20)
    PlanFactory(tier=higher, slug="secret", name="Secret", price_amount=1, visibility="private")
    PlanFactory(tier=higher, slug="open", name="Open", price_amount=900)
    PlanGrant.objects.create(product=shop.product, plan_slug="secret", organization=shop.subscription.organization)
    shop.endpoint("/reports", tier=higher)
    made = key_secret.generate()
    ApiKeyFactory(subscription=SubscriptionFactory(plan=shop.plan), generated=made)
    stranger = check(shop.anonymous("/reports", headers=[("X-Api-Key", made.secret)]), 403, "plan_upgrade_required")
    assert stranger["required_plan"] == "open"
    assert "Secret" not in str(stranger)
    assert check(shop.call("/reports"), 403, "plan_upgrade_required")["required_plan"] == "secret"


def test_plan_upgrade_required_where_no_plan_is_on_sale(shop: Shop) -> None:
    shop.endpoint("/reports", tier=TierFactory(product=shop.product, rank=20))
    assert check(shop.call("/reports"), 403, "plan_upgrade_required")["required_plan"] is None


def test_path_parameters_do_not_lead_around_a_plan(shop: Shop) -> None:
    """Some backends read `/users/all;x` as `/users/all`, which needs a higher plan than `/users/{id}`."""
    shop.endpoint("/users/{id}")
    shop.endpoint("/users/all", tier=TierFactory(product=shop.product, rank=20))
    check(shop.call("/users/all;x"), 400, "bad_request")
    assert shop.received == []
    assert shop.call("/users/5;v=1").status == 200  # the same route either way
    assert shop.received[-1].target.endswith("/users/5;v=1")


def test_a_higher_tier_includes_lower_ones(shop: Shop) -> None:
    shop.endpoint("/basics", tier=TierFactory(product=shop.product, rank=5))
    assert shop.call("/basics").status == 200


# --- what the key is restricted to ---------------------------------------------------------------


def restrict(shop: Shop, **restrictions: list[str]) -> list[tuple[str, str]]:
    """A new key of the shop's subscription with these restrictions, as the header that carries it."""
    made = key_secret.generate()
    ApiKeyFactory(subscription=shop.subscription, generated=made, **restrictions)
    return [("X-Api-Key", made.secret)]


@pytest.mark.parametrize(("scope", "method", "missing"), [("read", "POST", "write"), ("write", "GET", "read")])
def test_scope_missing(make_shop: MakeShop, scope: str, method: str, missing: str) -> None:
    shop = make_shop(quota=10)
    reply = shop.anonymous("/things", method, restrict(shop, scopes=[scope]))
    document = check(reply, 403, "scope_missing")
    assert document["required_scope"] == missing
    assert f"the scope {missing}, which {method} needs" in str(document["detail"])
    assert http_sf.parse((reply.get("RateLimit-Policy") or "").encode(), tltype="list")[0][0] == "monthly"
    assert_refused(shop, "scope_missing")


def test_head_needs_to_read(shop: Shop) -> None:
    reply = shop.anonymous("/things", "HEAD", restrict(shop, scopes=["write"]))
    assert reply.status == 403
    assert_refused(shop, "scope_missing")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
def test_each_method_needs_one_scope(shop: Shop, method: str) -> None:
    shop.endpoint("/everything", "GET" if method == "HEAD" else method)
    fitting, other = ("read", "write") if method in ("GET", "HEAD", "OPTIONS") else ("write", "read")
    for scopes, status in [([fitting], 200), ([other], 403), ([other, fitting], 200), ([], 200)]:
        assert shop.anonymous("/everything", method, restrict(shop, scopes=scopes)).status == status, scopes


@pytest.mark.parametrize(
    "networks",
    [["127.0.0.2/32"], ["10.0.0.0/8", "128.0.0.0/1"], ["::/0"], ["::1/128"]],
    ids=lambda networks: networks[0],
)
def test_ip_not_allowed(make_shop: MakeShop, networks: list[str]) -> None:
    shop = make_shop(quota=10)
    headers = [*restrict(shop, allowed_networks=networks), ("X-Forwarded-For", "127.0.0.2, 10.0.0.1, ::1")]
    reply = shop.anonymous("/things", headers=headers)
    document = check(reply, 403, "ip_not_allowed")
    assert document["detail"] == "This key does not work from the address 127.0.0.1."
    assert http_sf.parse((reply.get("RateLimit-Policy") or "").encode(), tltype="list")[0][0] == "monthly"
    assert_refused(shop, "ip_not_allowed")


@pytest.mark.parametrize("networks", [[], ["127.0.0.1/32"], ["10.0.0.0/8", "127.0.0.0/8"], ["0.0.0.0/0"]])
def test_an_address_in_any_of_the_networks_passes(shop: Shop, networks: list[str]) -> None:
    assert shop.anonymous("/things", headers=restrict(shop, allowed_networks=networks)).status == 200


def test_plan_then_scope_then_address_then_size(make_shop: MakeShop) -> None:
    """A call that fails all of them hears of the first, and of the next once that is mended."""
    shop = make_shop(max_body_bytes=1)
    shop.endpoint("/reports", "POST", tier=TierFactory(product=shop.product, rank=20))
    nowhere = ["192.0.2.0/24"]
    for path, restrictions, status, code in [
        ("/reports", {"scopes": ["read"], "allowed_networks": nowhere}, 403, "plan_upgrade_required"),
        ("/things", {"scopes": ["read"], "allowed_networks": nowhere}, 403, "scope_missing"),
        ("/things", {"scopes": ["write"], "allowed_networks": nowhere}, 403, "ip_not_allowed"),
        ("/things", {"scopes": ["write"], "allowed_networks": []}, 413, "request_too_large"),
    ]:
        check(shop.anonymous(path, "POST", restrict(shop, **restrictions), b"long"), status, code)
    assert shop.received == []
