"""The settings of a product, and the secret by which its backend knows the gateway."""

import time

import pytest
from django.test import Client

from apps.gateway.engine.signing.backend_signature import signature
from apps.portal.studio import signature_sample
from apps.products.models import Product
from tests.portal.studio.world import World
from tests.portal.support import text_of

pytestmark = pytest.mark.django_db


def typed(client: Client, ours: World, **changed: object) -> dict[str, str]:
    """What the form would post untouched, with some fields changed."""
    initial = client.get(ours.url("studio-settings")).context["form"].initial
    return {name: str(value) for name, value in (initial | changed).items() if value not in (False, None)}


class TestSettings:
    def test_saving_them_untouched_changes_nothing(self, ours: World, client: Client) -> None:
        Product.objects.filter(pk=ours.product.pk).update(
            max_body_bytes=1_000_001,
            timeout_seconds=7,
            total_seconds=90,
            log_bodies=True,
            tagline="T",
            description="# D",
            rapidapi_compatible=True,
            allowed_networks=["192.0.2.0/24", "::1/128"],
            denied_networks=["192.0.2.7/32"],
            test_upstream_url="https://test.example.com/v1",
        )
        before = Product.objects.filter(pk=ours.product.pk).values().get()
        assert client.post(ours.url("studio-settings"), typed(client, ours)).status_code == 302
        after = Product.objects.filter(pk=ours.product.pk).values().get()
        assert after | {"updated_at": None} == before | {"updated_at": None}

    def test_each_is_changed(self, ours: World, client: Client) -> None:
        fields = typed(
            client, ours, name="N", tagline="T", description="**D**", upstream_url="https://new.example.com/v2",
            max_body_mib="0.5", timeout_seconds=300, rapidapi_compatible="on", test_upstream_url="https://t.example.com",
            units_header=" X-Tokens ", connect_seconds=30, idle_seconds=3600, total_seconds=86_400, log_headers="on",
            allowed_networks="2001:DB8::/32\r\n\r\n192.0.2.7", denied_networks="192.0.2.0/24", requires_signature="on",
        )  # fmt: skip
        client.post(ours.url("studio-settings"), fields)
        product = Product.objects.get(pk=ours.product.pk)
        assert (product.name, product.tagline, product.description) == ("N", "T", "**D**")
        assert (product.upstream_url, product.max_body_bytes) == ("https://new.example.com/v2", 512 * 1024)
        assert (product.timeout_seconds, product.rapidapi_compatible) == (300, True)
        assert (product.connect_seconds, product.idle_seconds, product.total_seconds) == (30, 3600, 86_400)
        assert (product.log_headers, product.log_bodies) == (True, False)
        assert (product.test_upstream_url, product.units_header) == ("https://t.example.com", "X-Tokens")
        assert (product.allowed_networks, product.denied_networks, product.requires_signature) == (
            ["2001:db8::/32", "192.0.2.7/32"], ["192.0.2.0/24"], True,
        )  # fmt: skip
        client.post(ours.url("studio-settings"), fields | {"test_upstream_url": "", "total_seconds": ""})
        product.refresh_from_db()
        assert (product.test_upstream_url, product.total_seconds) == ("", None)

    @pytest.mark.parametrize(
        ("field", "value", "reason"),
        [
            ("upstream_url", "http://169.254.169.254/latest", "is not an address of the public internet"),
            ("test_upstream_url", "http://169.254.169.254/latest", "is not an address of the public internet"),
            ("upstream_url", "ftp://example.com", "Give a full address"),
            ("units_header", "X Tokens", "Give the name of a header"),
            ("units_header", "Content-Length", "a meaning of its own"),
            ("units_header", "X-Request-Id", "a meaning of its own"),
            ("units_header", "Sec-WebSocket-Accept", "a meaning of its own"),
            ("units_header", "Link", "a meaning of its own"),
            ("timeout_seconds", "301", "less than or equal to 300"),
            ("connect_seconds", "31", "less than or equal to 30"),
            ("idle_seconds", "0", "greater than or equal to 1"),
            ("total_seconds", "0", "greater than or equal to 1"),
            ("max_body_mib", "0", "greater than or equal to 0.001"),
            ("max_body_mib", "1025", "less than or equal to 1024"),
            ("allowed_networks", "10.0.0.1/8", "Give 10.0.0.0/8 or 10.0.0.1."),
            ("denied_networks", "here", "neither an address nor a network"),
            ("name", "", "This field is required"),
        ],
    )
    def test_what_cannot_be_is_refused_with_the_reason(
        self, ours: World, client: Client, field: str, value: str, reason: str
    ) -> None:
        before = Product.objects.filter(pk=ours.product.pk).values().get()
        response = client.post(ours.url("studio-settings"), typed(client, ours, **{field: value}))
        assert response.status_code == 422
        assert reason in text_of(response)
        assert Product.objects.filter(pk=ours.product.pk).values().get() == before


class TestSecret:
    def test_is_shown_on_demand_only_and_kept_by_no_cache(self, ours: World, client: Client) -> None:
        secret = ours.product.proxy_secret
        assert secret not in client.get(ours.url("studio-settings")).content.decode()
        shown = client.post(ours.url("studio-secret"))
        assert secret in shown.content.decode()
        assert "no-store" in shown.headers["Cache-Control"]

    def test_comes_alone_to_a_script(self, ours: World, client: Client) -> None:
        shown = client.post(ours.url("studio-secret"), headers={"HX-Request": "true", "HX-Target": "secret"})
        assert ours.product.proxy_secret in shown.content.decode()
        assert "<main" not in shown.content.decode()
        assert "no-store" in shown.headers["Cache-Control"]

    def test_a_viewer_never_sees_it(self, ours: World) -> None:
        viewer = ours.client("viewer")
        for response in (viewer.post(ours.url("studio-secret")), viewer.get(ours.url("studio-settings"))):
            assert ours.product.proxy_secret not in response.content.decode()

    def test_the_next_one_is_prepared_shown_and_activated_by_who_types_the_address(
        self, ours: World, client: Client
    ) -> None:
        page, old = ours.url("studio-settings"), ours.product.proxy_secret
        assert "activate-secret" not in client.get(page).content.decode()
        assert client.post(ours.url("studio-secret-prepare")).status_code == 302
        new = Product.objects.get(pk=ours.product.pk).next_proxy_secret
        assert "activate-secret" in client.get(page).content.decode()
        assert new not in client.get(page).content.decode()
        shown = client.post(ours.url("studio-secret")).content.decode()
        assert old in shown
        assert new in shown
        client.post(ours.url("studio-secret-activate"), {"confirm": "something", "back": page})
        assert Product.objects.get(pk=ours.product.pk).proxy_secret == old
        client.post(ours.url("studio-secret-activate"), {"confirm": ours.product.slug})
        assert Product.objects.get(pk=ours.product.pk).proxy_secret == new
        client.post(ours.url("studio-secret-prepare"))
        client.post(ours.url("studio-secret-discard"))
        product = Product.objects.get(pk=ours.product.pk)
        assert (product.proxy_secret, product.next_proxy_secret) == (new, "")


class TestSignatureSample:
    """The code that creators are told to paste, run against what the gateway really sends."""

    SECRET = "afps_secret"
    TARGET = "/v1/forecast?city=Z%C3%BCrich"

    @pytest.fixture(autouse=True)
    def check(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("APIFACTORY_PROXY_SECRET", self.SECRET)
        names: dict[str, object] = {}
        exec(signature_sample.PYTHON, names)  # noqa: S102 - the sample is what is tested
        self.came_through_gateway = names["came_through_gateway"]

    def accepts(self, *, method: str = "GET", target: str = TARGET, at: float | None = None, **changed: str) -> bool:
        sent = signature(
            secret=changed.get("secret", self.SECRET),
            next_secret=changed.get("next_secret", ""),
            timestamp=int(at or time.time()),
            method="GET",
            path_and_query=self.TARGET,
            request_id="req_1",
        )
        headers = {
            "X-ApiFactory-Signature": changed.get("sent", sent),
            "X-ApiFactory-Request-Id": changed.get("request_id", "req_1"),
        }
        return self.came_through_gateway(method, target, headers)  # type: ignore[operator]

    def test_accepts_what_the_gateway_signs(self) -> None:
        assert self.accepts()
        assert self.accepts(next_secret="another")
        assert self.accepts(secret="another", next_secret=self.SECRET)

    def test_refuses_everything_else(self) -> None:
        assert not self.accepts(secret="another")
        assert not self.accepts(method="POST")
        assert not self.accepts(target="/v1/other")
        assert not self.accepts(request_id="req_2")
        assert not self.accepts(at=time.time() - 301)
        assert not self.accepts(at=time.time() + 301)
        for sent in ("", "t=", "v1=abc", "t=x,v1=y", "t=1", "é", f"t={int(time.time())},v1=é", ",,,"):
            assert not self.accepts(sent=sent)
