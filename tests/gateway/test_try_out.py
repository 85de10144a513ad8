"""Calls from the documentation: a real call through a real gateway, to its address and no other."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from apps.accounts.enums import Role
from apps.accounts.models import User
from apps.keys.enums import KeyPurpose
from apps.keys.models import ApiKey
from apps.portal.marketplace.try_out import sending
from apps.portal.marketplace.views import documentation
from apps.products.models import Endpoint, Product
from tests.factories.accounts import MembershipFactory
from tests.factories.products import TierFactory
from tests.fakes.upstream import Exchange
from tests.gateway.shop import Shop
from tests.portal.support import text_of

pytestmark = pytest.mark.usefixtures("transactional_db")

MakeShop = Callable[..., Shop]
OPERATION: dict[str, Any] = {
    "parameters": [
        {"name": "id", "in": "path", "schema": {"type": "string"}},
        {"name": "q[]", "in": "query", "schema": {"type": "string"}},
        {"name": "X-Tag", "in": "header", "schema": {"type": "string"}},
        {"name": "Host", "in": "header", "schema": {"type": "string"}},
        {"name": "X-Api-Key", "in": "header", "schema": {"type": "string"}},
        {"name": "api_key", "in": "query", "schema": {"type": "string"}},
    ],
    "requestBody": {"content": {"application/json": {"example": {"a": 1}}, "bad\r\nX: y": {}}},
}


@pytest.fixture
def endpoint(shop: Shop) -> Endpoint:
    return shop.endpoint("/things/{id}/notes", "POST", operation=OPERATION)


@pytest.fixture
def person(shop: Shop) -> User:
    return MembershipFactory(organization=shop.subscription.organization, role=Role.DEVELOPER).user


@pytest.fixture
def portal(shop: Shop, person: User, settings: Any) -> Client:
    settings.GATEWAY_URL = shop.gateway.url
    client = Client()
    client.force_login(person)
    cache.clear()
    return client


def page(endpoint: Endpoint) -> str:
    return f"/products/{endpoint.product.slug}/endpoints/{endpoint.public_id}/"


def send(portal: Client, endpoint: Endpoint, **values: str) -> HttpResponse:
    answer = {"p0": "7", "content_type": "application/json"} | values
    return portal.post(f"{page(endpoint)}try/", {f"try-{name}": value for name, value in answer.items()})


def test_a_call_reaches_the_backend_as_it_was_filled_in(portal: Client, shop: Shop, endpoint: Endpoint) -> None:
    body = '{"a": "é",\r\n "b": 1}'
    response = send(portal, endpoint, p0="a b/ü?#%", p1="1&x=2", p2="grün", body=body)
    # An escaped slash in a path is refused by the gateway: its answer is shown as any other.
    assert "400" in text_of(response)
    response = send(portal, endpoint, p0="a b ü?#", p1="1&x=2", p2="grün", body=body)
    assert response.status_code == 200
    (received,) = shop.received
    assert received.method == "POST"
    assert received.target.endswith("-backend/things/a%20b%20%C3%BC%3F%23/notes?q%5B%5D=1%26x%3D2")
    assert received.get("X-Tag") == "grün"
    assert received.body == body.replace("\r\n", "\n").encode()
    assert received.get("Content-Type") == "application/json"
    assert shop.outcomes[-1].units == 1
    key = shop.subscription.api_keys.get(purpose=KeyPurpose.TRY_OUT)
    assert key.created_by_id == int(portal.session["_auth_user_id"])
    text = response.content.decode()
    assert "YOUR_API_KEY" in text
    assert "af_live_" not in text
    # A second call is made with the same key.
    send(portal, endpoint)
    assert shop.subscription.api_keys.filter(purpose=KeyPurpose.TRY_OUT).count() == 1
    assert len(shop.received) == 2


def test_a_call_to_a_product_that_takes_signed_ones_only_is_signed(
    portal: Client, shop: Shop, endpoint: Endpoint
) -> None:
    Product.objects.filter(pk=shop.product.pk).update(requires_signature=True)
    assert send(portal, endpoint, p0="a b", p1="x", body='{"a": 1}').status_code == 200
    assert send(portal, endpoint).status_code == 200
    assert len(shop.received) == 2
    assert '"@query" "content-digest")' in (shop.received[0].get("Signature-Input") or "")
    assert shop.anonymous("/things/7/notes", "POST", [("X-Api-Key", shop.secret)]).status == 401


def test_what_depends_on_the_call_itself_cannot_be_set(portal: Client, endpoint: Endpoint) -> None:
    html = portal.get(page(endpoint)).content.decode()
    assert 'name="try-p2"' in html
    for name in ("p3", "p4", "p5"):  # Host, X-Api-Key, api_key
        assert f'name="try-{name}"' not in html
    assert "bad" not in html.partition('name="try-content_type"')[2].partition("</select>")[0]
    response = send(portal, endpoint, content_type="bad\r\nX: y", body="x")
    assert response.status_code == 422


def test_no_value_leaves_its_place(portal: Client, shop: Shop, endpoint: Endpoint) -> None:
    for value in ("..", "a/../..", "a;b?c#d", "@evil.example", "%2e%2e", "\x00", "x" * 20_000):
        answer = dict.fromkeys(("p1", "p2", "body", "content_type", "mode", "subscription"), value)
        assert send(portal, endpoint, p0=value).status_code in (200, 422), value
        assert send(portal, endpoint, **answer).status_code in (200, 422), value
    assert shop.received
    assert all(
        request.target.partition("?")[0].endswith("/notes") and request.target.count("/") == 4
        for request in shop.received
    )


@pytest.mark.parametrize("value", ["x\r\nX-Evil: 1", "x\nX-Evil: 1", "x\rX-Evil: 1", "\x0b", "\x7f"])
def test_a_header_stays_one_line(portal: Client, shop: Shop, endpoint: Endpoint, value: str) -> None:
    response = send(portal, endpoint, p2=value)
    assert response.status_code == 422
    assert "one line of visible characters" in text_of(response)
    assert shop.received == []


def answers(
    shop: Shop, *, status: int = 200, content_type: str = "text/plain", body: bytes = b"", location: str = ""
) -> None:
    """What the backend answers from now on."""

    async def handler(exchange: Exchange) -> None:
        await exchange.read_body()
        headers = (("Content-Type", content_type), *((("Location", location),) if location else ()))
        await exchange.answer(status, body, headers)

    shop.upstream.handlers[f"/{shop.product.slug}-backend/things/7/notes"] = handler


def test_answers_are_shown_as_what_they_are(portal: Client, shop: Shop, endpoint: Endpoint) -> None:
    for content_type, body, shown in (
        ("application/json", b'{"a":[1,"<b>"]}', "&quot;&lt;b&gt;&quot;\n  ]"),
        ("application/problem+json", b'{"a":', "{&quot;a&quot;:"),
        ("application/json", b"[" * 100_000, "[[[["),
        ("text/html; charset=latin-1", b"<script>\xe9</script>", "&lt;script&gt;é&lt;/script&gt;"),
        ("text/plain; charset=none-such", b"plain", "plain"),
        ("image/png", b"\x89PNG", 'src="data:image/png;base64,iVBORw=="'),
        ("image/svg+xml", b"<svg onload='x'/>", "&lt;svg onload="),
        ("application/zip", b"PK\x00", "that are no text"),
        ("text/plain", b"", "Without a body."),
        ("text/plain", b"x" * (sending.READ_MAX + 1), "longer than what is shown"),
    ):
        answers(shop, status=201, content_type=content_type, body=body)
        response = send(portal, endpoint)
        html = response.content.decode()
        assert shown in html, content_type
        assert '<span class="http-status http-status-green">201</span>' in html


def test_a_part_of_the_page_for_a_script(portal: Client, endpoint: Endpoint) -> None:
    answer = {"try-p0": "", "try-content_type": "application/json"}
    headers = {"HX-Request": "true", "HX-Target": "try"}
    response = portal.post(f"{page(endpoint)}try/", answer, headers=headers)
    assert response.status_code == 200  # so that the script shows what is wrong with the form
    assert response.content.decode().lstrip().startswith('<section class="try"')
    assert "This field is required." in text_of(response)


def test_a_redirect_is_shown_and_not_followed(portal: Client, shop: Shop, endpoint: Endpoint) -> None:
    answers(shop, status=302, location="https://elsewhere.example/secret")
    html = send(portal, endpoint).content.decode()
    assert '<span class="http-status http-status-green">302</span>' in html
    assert "<code>https://elsewhere.example/secret</code>" in html


def test_proxies_of_the_environment_are_not_used(
    portal: Client, shop: Shop, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert send(portal, endpoint).status_code == 200
    assert len(shop.received) == 1


def test_a_gateway_that_is_away_is_said_to_be(portal: Client, endpoint: Endpoint, settings: Any) -> None:
    settings.GATEWAY_URL = "http://127.0.0.1:9"
    response = send(portal, endpoint)
    assert response.status_code == 502
    assert "The gateway did not answer." in text_of(response)


def test_so_many_a_minute(portal: Client, shop: Shop, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documentation, "RATE", "1/h")
    assert send(portal, endpoint).status_code == 200
    response = send(portal, endpoint)
    assert response.status_code == 429
    assert "Wait a moment" in text_of(response)
    assert len(shop.received) == 1


def test_a_test_call_goes_to_the_test_backend(portal: Client, shop: Shop, endpoint: Endpoint) -> None:
    assert 'name="try-mode"' not in portal.get(page(endpoint)).content.decode()
    shop.product.test_upstream_url = f"{shop.upstream.url}/tests-of-{shop.product.slug}"
    shop.product.save()
    assert 'name="try-mode"' in portal.get(page(endpoint)).content.decode()
    assert send(portal, endpoint, mode="test").status_code == 200
    assert shop.received == []
    assert shop.upstream.requests[-1].target == f"/tests-of-{shop.product.slug}/things/7/notes"
    assert ApiKey.objects.get(purpose=KeyPurpose.TRY_OUT, subscription=shop.subscription).is_test
    # Without one, where an example is documented.
    shop.product.test_upstream_url = ""
    shop.product.save()
    assert 'name="try-mode"' not in portal.get(page(endpoint)).content.decode()
    endpoint.operation = OPERATION | {"responses": {"200": {"content": {"application/json": {"example": 1}}}}}
    endpoint.save()
    assert 'name="try-mode"' in portal.get(page(endpoint)).content.decode()


class TestLocked:
    """Without the right to call there is no form, and a form that is sent all the same makes no call."""

    def check(self, client: Client, shop: Shop, endpoint: Endpoint, words: str) -> None:
        text = text_of(client.get(page(endpoint)))
        assert words in text
        assert "Send call" not in text
        response = send(client, endpoint)
        assert response.status_code in (302, 422)
        assert shop.received == []
        assert not ApiKey.objects.filter(purpose=KeyPurpose.TRY_OUT, subscription=shop.subscription).exists()

    def test_for_visitors(self, portal: Client, shop: Shop, endpoint: Endpoint) -> None:
        portal.logout()
        self.check(portal, shop, endpoint, "Sign in to call it from here")

    def test_for_who_is_not_subscribed(self, portal: Client, shop: Shop, endpoint: Endpoint) -> None:
        portal.force_login(MembershipFactory().user)
        self.check(portal, shop, endpoint, "Subscribe to call it from here")

    def test_for_a_role_without_keys(self, portal: Client, shop: Shop, endpoint: Endpoint) -> None:
        viewer = MembershipFactory(organization=shop.subscription.organization, role=Role.VIEWER).user
        portal.force_login(viewer)
        self.check(portal, shop, endpoint, "Your role does not allow calls")

    def test_for_a_plan_that_is_too_low(self, portal: Client, shop: Shop, endpoint: Endpoint) -> None:
        endpoint.tier = TierFactory(product=shop.product, rank=99)
        endpoint.save()
        self.check(portal, shop, endpoint, "Not in your plan")

    def test_for_a_subscription_that_is_paused(self, portal: Client, shop: Shop, endpoint: Endpoint) -> None:
        shop.subscription.status = "paused"
        shop.subscription.save()
        self.check(portal, shop, endpoint, "The subscription is not active")


def test_the_example_is_a_body_to_begin_with(portal: Client, endpoint: Endpoint) -> None:
    html = portal.get(page(endpoint)).content.decode()
    assert json.dumps({"a": 1}, indent=2).replace('"', "&quot;") in html
