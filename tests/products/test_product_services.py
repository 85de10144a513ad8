"""Products: what a creator may write, what is refused, and what the gateway hears of it."""

from typing import Any

import pytest

from apps.accounts.access import Actor
from apps.accounts.enums import Role
from apps.accounts.models import AuditEvent
from apps.core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from apps.core.models import Change
from apps.products import services
from apps.products.enums import ProductStatus
from apps.products.models import Product
from apps.products.services import products as product_services
from tests.factories.accounts import UserFactory
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory
from tests.factories.products import EndpointFactory, ProductFactory, TierFactory

pytestmark = pytest.mark.django_db
URL = "https://backend.example.com/v1"


@pytest.fixture
def alice() -> Actor:
    return make_actor()


@pytest.fixture
def draft(alice: Actor) -> Product:
    return services.create_product(actor=alice, name="Weather", slug="weather", upstream_url=URL)


@pytest.fixture
def ready(alice: Actor, draft: Product) -> Product:
    """A draft with all that publication asks for."""
    tier = draft.tiers.get()
    EndpointFactory(product=draft, tier=tier)
    PlanFactory(product=draft, tier=tier)
    return draft


def announced(product: Product) -> bool:
    """Whether the gateway was told since the last time that was asked."""
    changes = Change.objects.filter(topic=f"product:{product.pk}")
    return bool(changes.delete()[0])


class TestCreate:
    def test_a_draft_with_one_tier(self, alice: Actor) -> None:
        product = services.create_product(
            actor=alice,
            name="  Weather  API ",
            slug=" Weather ",
            upstream_url=f" {URL}/ ",
            tagline="Rain?",
            description="a\r\nb",
        )
        product.refresh_from_db()
        assert (product.name, product.slug, product.upstream_url) == ("Weather API", "weather", URL)
        assert (product.tagline, product.description) == ("Rain?", "a\nb")
        assert (product.status, product.published_at) == (ProductStatus.DRAFT, None)
        assert product.organization == alice.organization
        assert [(tier.slug, tier.name, tier.rank) for tier in product.tiers.all()] == [("free", "Free", 0)]
        assert product.proxy_secret.startswith("afps_")
        event = AuditEvent.objects.get()
        assert (event.action, event.target) == ("product.created", product.public_id)
        assert (event.organization, event.actor) == (alice.organization, alice.user)
        assert announced(product)

    def test_an_address_is_taken_once_on_the_whole_platform(self, alice: Actor, draft: Product) -> None:
        with pytest.raises(Invalid) as refused:
            services.create_product(actor=make_actor(), name="Other", slug="WEATHER", upstream_url=URL)
        assert refused.value.field == "slug"
        assert Product.objects.count() == 1

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""), ("name", "x" * 81), ("name", "a\x00b"), ("name", None), ("name", "\ud800"),
            ("name", "a\u202eb"),
            ("slug", "a"), ("slug", "admin"), ("slug", "a b"), ("slug", None), ("slug", "a\x00b"),
            ("upstream_url", ""), ("upstream_url", "http://127.0.0.1:8000"), ("upstream_url", "ftp://example.com"),
            ("upstream_url", None), ("upstream_url", "http://169.254.169.254/"), ("upstream_url", "http://localhost"),
            ("tagline", "x" * 161), ("tagline", "a\x00b"), ("tagline", 5),
            ("description", "x" * 20_001), ("description", "a\x00b"), ("description", "\udfff"), ("description", b"x"),
        ],
    )  # fmt: skip
    def test_a_wrong_value_is_refused_with_its_field(
        self, alice: Actor, draft: Product, field: str, value: Any
    ) -> None:
        given: dict[str, Any] = {"name": "Rain", "slug": "rain", "upstream_url": URL, "tagline": "", "description": ""}
        with pytest.raises(Invalid) as refused:
            services.create_product(actor=alice, **given | {field: value})
        assert refused.value.field == field
        assert Product.objects.count() == 1
        if field != "slug":
            del given["slug"]
            with pytest.raises(Invalid) as refused:
                services.update_product(actor=alice, product=draft, **given | {field: value})
            assert refused.value.field == field
            draft.refresh_from_db()
            assert draft.name == "Weather"

    def test_so_many_for_one_organization(self, alice: Actor, draft: Product, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(product_services, "PRODUCTS_MAX", 1)
        with pytest.raises(Conflict, match="1 products"):
            services.create_product(actor=alice, name="Rain", slug="rain", upstream_url=URL)
        services.create_product(actor=make_actor(), name="Rain", slug="rain", upstream_url=URL)


class TestUpdate:
    def test_what_is_given_changes_and_the_rest_stays(self, alice: Actor, draft: Product) -> None:
        Product.objects.filter(pk=draft.pk).update(timeout_seconds=7, rapidapi_compatible=True)
        announced(draft)
        product = services.update_product(
            actor=alice, product=draft, name="Rain", upstream_url="https://other.example.com", max_body_bytes=0
        )
        product.refresh_from_db()
        assert (product.name, product.upstream_url, product.max_body_bytes) == ("Rain", "https://other.example.com", 0)
        assert (product.timeout_seconds, product.rapidapi_compatible, product.slug) == (7, True, "weather")
        assert announced(product)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("max_body_bytes", -1), ("max_body_bytes", 2**63), ("max_body_bytes", 1024**3 + 1), ("max_body_bytes", "5"),
            ("timeout_seconds", 0), ("timeout_seconds", 301), ("timeout_seconds", 2**31), ("timeout_seconds", 1.5),
            ("connect_seconds", 0), ("connect_seconds", 31), ("idle_seconds", 0), ("idle_seconds", 3601),
            ("total_seconds", -1), ("total_seconds", 86_401),
        ],
    )  # fmt: skip
    def test_limits_are_limits(self, alice: Actor, draft: Product, field: str, value: Any) -> None:
        with pytest.raises(Invalid) as refused:
            services.update_product(actor=alice, product=draft, name="Rain", upstream_url=URL, **{field: value})
        assert refused.value.field == field

    @pytest.mark.parametrize(
        ("statuses", "stored"),
        [
            (None, None),
            ([], []),
            ([200], [200]),
            ((404, 200, 404), [200, 404]),
            ([200, 101], [101, 200]),
            (range(200, 600), list(range(200, 600))),
        ],
    )
    def test_billable_statuses(self, alice: Actor, draft: Product, statuses: Any, stored: Any) -> None:
        services.set_billable_statuses(actor=alice, product=draft, statuses=statuses)
        draft.refresh_from_db()
        assert draft.billable_statuses == stored
        assert announced(draft)

    @pytest.mark.parametrize("statuses", [[100], [102], [199], [600], ["200"], [True], [None], [2**70]])
    def test_what_is_no_status_is_not_billed(self, alice: Actor, draft: Product, statuses: Any) -> None:
        with pytest.raises(Invalid):
            services.set_billable_statuses(actor=alice, product=draft, statuses=statuses)

    def test_a_secret_is_prepared_then_activated_or_discarded(self, alice: Actor, draft: Product) -> None:
        old = draft.proxy_secret
        for step in (services.activate_proxy_secret, services.discard_proxy_secret):
            with pytest.raises(Conflict):
                step(actor=alice, product=draft)
        announced(draft)
        new = services.prepare_proxy_secret(actor=alice, product=draft)
        draft.refresh_from_db()
        assert (draft.proxy_secret, draft.next_proxy_secret) == (old, new)
        assert new != old
        assert announced(draft)
        with pytest.raises(Conflict):
            services.prepare_proxy_secret(actor=alice, product=draft)
        draft = services.activate_proxy_secret(actor=alice, product=draft)
        assert (draft.proxy_secret, draft.next_proxy_secret) == (new, "")
        other = services.prepare_proxy_secret(actor=alice, product=draft)
        draft = services.discard_proxy_secret(actor=alice, product=draft)
        assert (draft.proxy_secret, draft.next_proxy_secret) == (new, "")
        summaries = list(AuditEvent.objects.values_list("summary", flat=True))
        assert not any(secret in summary for summary in summaries for secret in (old, new, other))


class TestOwnAddresses:
    @pytest.mark.parametrize(
        "host",
        [
            "portal.example.com",
            "GATEWAY.example.com",
            "gateway.example.com.",
            "gw.example.com",
            "weather.gw.example.com",
        ],
    )
    def test_no_backend_is_this_installation(self, alice: Actor, draft: Product, settings: Any, host: str) -> None:
        settings.WEB_URL, settings.GATEWAY_URL = "https://portal.example.com", "https://gateway.example.com:8443"
        settings.GATEWAY_DOMAIN = "gw.example.com"
        for fields in (
            {"upstream_url": f"https://{host}:9/v1"},
            {"upstream_url": URL, "test_upstream_url": f"http://{host}"},
        ):
            with pytest.raises(Invalid, match="an address of this installation"):
                services.update_product(actor=alice, product=draft, name="x", **fields)
        for other in ("agw.example.com", "portal.example.com.evil.org", "example.com"):
            services.update_product(actor=alice, product=draft, name="x", upstream_url=f"https://{other}")


class TestPublish:
    def test_what_is_missing_is_said(self, alice: Actor, draft: Product) -> None:
        with pytest.raises(Conflict) as refused:
            services.publish_product(actor=alice, product=draft)
        assert "Add an endpoint." in refused.value.message
        assert "Put a plan on sale." in refused.value.message

    @pytest.mark.parametrize("change", ["endpoint removed", "plan is a draft", "plan withdrawn"])
    def test_what_is_not_there_any_more_does_not_count(self, alice: Actor, ready: Product, change: str) -> None:
        if change == "endpoint removed":
            services.remove_endpoint(actor=alice, endpoint=ready.endpoints.get())
        else:
            field = {"plan is a draft": {"published_at": None}, "plan withdrawn": {"withdrawn_at": "2026-01-01T00:00Z"}}
            ready.plans.update(**field[change])
        with pytest.raises(Conflict):
            services.publish_product(actor=alice, product=ready)

    def test_published_and_unpublished(self, alice: Actor, ready: Product) -> None:
        product = services.publish_product(actor=alice, product=ready)
        first = product.published_at
        assert product.status == ProductStatus.PUBLISHED
        assert first is not None
        assert announced(product)
        product = services.unpublish_product(actor=alice, product=product)
        assert product.status == ProductStatus.UNPUBLISHED
        assert announced(product)
        product = services.publish_product(actor=alice, product=product)
        assert product.published_at == first  # the first time

    def test_publishing_twice_is_no_error_and_no_event(self, alice: Actor, ready: Product) -> None:
        for _ in range(2):
            services.publish_product(actor=alice, product=ready)
        assert AuditEvent.objects.filter(action="product.published").count() == 1

    def test_only_what_is_published_can_be_unpublished(self, alice: Actor, ready: Product) -> None:
        with pytest.raises(Conflict):
            services.unpublish_product(actor=alice, product=ready)


class TestSuspension:
    def test_staff_stop_a_product_and_its_creator_cannot_undo_it(self, alice: Actor, ready: Product) -> None:
        staff = UserFactory(is_staff=True, is_superuser=True)
        product = services.publish_product(actor=alice, product=ready)
        product = services.suspend_product(staff=staff, product=product, reason=" spam ")
        assert product.status == ProductStatus.SUSPENDED
        assert announced(product)
        assert AuditEvent.objects.get(action="product.suspended").summary.endswith(": spam")
        with pytest.raises(NotAllowed, match="suspended"):
            services.publish_product(actor=alice, product=product)
        with pytest.raises(Conflict):
            services.unpublish_product(actor=alice, product=product)
        product = services.lift_suspension(staff=staff, product=product, reason="was a mistake")
        assert product.status == ProductStatus.UNPUBLISHED
        assert services.publish_product(actor=alice, product=product).status == ProductStatus.PUBLISHED

    def test_a_draft_becomes_a_draft_again(self, draft: Product) -> None:
        staff = UserFactory(is_staff=True, is_superuser=True)
        services.suspend_product(staff=staff, product=draft, reason="spam")
        assert services.lift_suspension(staff=staff, product=draft, reason="ok").status == ProductStatus.DRAFT

    @pytest.mark.parametrize("fields", [{}, {"is_staff": True, "is_active": False}, {"is_superuser": True}])
    def test_nobody_else_may(self, draft: Product, fields: dict[str, bool]) -> None:
        user = UserFactory(**fields)
        for service in (services.suspend_product, services.lift_suspension):
            with pytest.raises(NotAllowed):
                service(staff=user, product=draft, reason="because")
        draft.refresh_from_db()
        assert draft.status == ProductStatus.DRAFT

    @pytest.mark.parametrize("reason", ["", " ", "a\x00", "x" * 201, None])
    def test_a_reason_must_be_given(self, draft: Product, reason: Any) -> None:
        with pytest.raises(Invalid) as refused:
            services.suspend_product(staff=UserFactory(is_staff=True, is_superuser=True), product=draft, reason=reason)
        assert refused.value.field == "reason"

    def test_twice_is_a_conflict(self, draft: Product) -> None:
        staff = UserFactory(is_staff=True, is_superuser=True)
        with pytest.raises(Conflict):
            services.lift_suspension(staff=staff, product=draft, reason="x")
        services.suspend_product(staff=staff, product=draft, reason="x")
        with pytest.raises(Conflict):
            services.suspend_product(staff=staff, product=draft, reason="x")


class TestTiers:
    def test_a_new_tier_is_above_the_others(self, alice: Actor, draft: Product) -> None:
        tiers = [services.add_tier(actor=alice, product=draft, name=name) for name in ("Pro", "Ultra")]
        assert [(tier.slug, tier.rank) for tier in tiers] == [("pro", 1), ("ultra", 2)]

    def test_a_name_is_taken_once(self, alice: Actor, draft: Product) -> None:
        pro = services.add_tier(actor=alice, product=draft, name="Pro")
        for name in ("pro", " PRO ", "Pro"):
            with pytest.raises(Invalid) as refused:
                services.add_tier(actor=alice, product=draft, name=name)
            assert refused.value.field == "name"
        with pytest.raises(Invalid):
            services.rename_tier(actor=alice, tier=pro, name="Free")
        assert services.rename_tier(actor=alice, tier=pro, name="PRO").name == "PRO"

    def test_a_name_that_is_free_again_gets_another_slug(self, alice: Actor, draft: Product) -> None:
        services.rename_tier(actor=alice, tier=draft.tiers.get(), name="Basic")
        assert services.add_tier(actor=alice, product=draft, name="Free").slug == "free-2"

    @pytest.mark.parametrize("name", ["日本", "a", "!!", "admin", "x" * 40])
    def test_every_name_gives_a_slug(self, alice: Actor, draft: Product, name: str) -> None:
        slugs = {services.add_tier(actor=alice, product=draft, name=name).slug}
        slugs |= {services.add_tier(actor=alice, product=draft, name=f"{name[:39]}.").slug}
        assert len(slugs) == 2
        assert all(1 <= len(slug) <= 40 for slug in slugs)

    @pytest.mark.parametrize("name", ["", "x" * 41, "a\x00", None, 5, "\u200b"])
    def test_a_wrong_name_is_refused(self, alice: Actor, draft: Product, name: Any) -> None:
        with pytest.raises(Invalid):
            services.add_tier(actor=alice, product=draft, name=name)
        with pytest.raises(Invalid):
            services.rename_tier(actor=alice, tier=draft.tiers.get(), name=name)

    def test_the_last_one_stays(self, alice: Actor, draft: Product) -> None:
        with pytest.raises(Conflict):
            services.remove_tier(actor=alice, tier=draft.tiers.get())

    @pytest.mark.parametrize("user", ["endpoint", "removed endpoint", "plan", "withdrawn plan"])
    def test_one_that_is_used_stays(self, alice: Actor, draft: Product, user: str) -> None:
        tier = services.add_tier(actor=alice, product=draft, name="Pro")
        if "endpoint" in user:
            EndpointFactory(product=draft, tier=tier, removed_at="2026-01-01T00:00Z" if "removed" in user else None)
        else:
            PlanFactory(product=draft, tier=tier, withdrawn_at="2026-01-01T00:00Z" if "withdrawn" in user else None)
        with pytest.raises(Conflict, match="Pro"):
            services.remove_tier(actor=alice, tier=tier)

    def test_one_that_was_removed_meanwhile_is_not_found(self, alice: Actor, draft: Product) -> None:
        tier = services.add_tier(actor=alice, product=draft, name="Pro")
        services.remove_tier(actor=alice, tier=tier)
        with pytest.raises(NotFound):
            services.rename_tier(actor=alice, tier=tier, name="Gold")
        with pytest.raises(NotFound):
            services.remove_tier(actor=alice, tier=tier)

    def test_so_many(self, alice: Actor, draft: Product) -> None:
        for number in range(1, 20):
            TierFactory(product=draft, rank=number)
        with pytest.raises(Conflict, match="20"):
            services.add_tier(actor=alice, product=draft, name="One more")


class TestTenancy:
    @pytest.mark.parametrize("role", Role.values)
    def test_to_a_stranger_nothing_is_there(self, ready: Product, role: str) -> None:
        """Whatever their role and whatever they do: it is not done, and answered as for what is not there."""
        stranger = make_actor(role=role)
        tier, endpoint = ready.tiers.get(), ready.endpoints.get()
        route: dict[str, Any] = {"method": "GET", "path": "/x", "tier": tier}
        before = list(Product.objects.values()), list(ready.endpoints.values()), list(ready.tiers.values())
        missing = ProductFactory.build(pk=10**9, organization=stranger.organization)
        for call in (
            lambda product: services.update_product(actor=stranger, product=product, name="x", upstream_url=URL),
            lambda product: services.set_billable_statuses(actor=stranger, product=product, statuses=None),
            lambda product: services.publish_product(actor=stranger, product=product),
            lambda product: services.unpublish_product(actor=stranger, product=product),
            lambda product: services.prepare_proxy_secret(actor=stranger, product=product),
            lambda product: services.add_tier(actor=stranger, product=product, name="x"),
            lambda product: services.add_endpoint(actor=stranger, product=product, **route),
        ):
            answers = []
            for product in (ready, missing):
                with pytest.raises((NotFound, NotAllowed)) as refused:
                    call(product)
                answers.append((type(refused.value), refused.value.message))
            assert answers[0] == answers[1]
        refusals: list[type[DomainError]] = []
        for call_it in (
            lambda: services.rename_tier(actor=stranger, tier=tier, name="x"),
            lambda: services.remove_tier(actor=stranger, tier=tier),
            lambda: services.update_endpoint(actor=stranger, endpoint=endpoint, **route),
            lambda: services.deprecate_endpoint(actor=stranger, endpoint=endpoint),
            lambda: services.undeprecate_endpoint(actor=stranger, endpoint=endpoint),
            lambda: services.remove_endpoint(actor=stranger, endpoint=endpoint),
        ):
            with pytest.raises((NotFound, NotAllowed)) as refused:
                call_it()
            refusals.append(type(refused.value))
        if role == Role.OWNER:
            assert set(refusals) == {NotFound}
        assert (list(Product.objects.values()), list(ready.endpoints.values()), list(ready.tiers.values())) == before
