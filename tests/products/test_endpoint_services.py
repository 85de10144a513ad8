"""Endpoints: routes that the gateway can match, with documentation that can be stored."""

import datetime as dt
from typing import Any

import pytest

from apps.accounts.access import Actor
from apps.accounts.models import AuditEvent
from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.models import Change
from apps.products import services
from apps.products.models import Endpoint, Product, Tier
from apps.products.services import endpoints as endpoint_services
from tests.factories.actors import make_actor
from tests.factories.products import EndpointFactory, TierFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> Actor:
    return make_actor()


@pytest.fixture
def product(alice: Actor) -> Product:
    return services.create_product(
        actor=alice, name="Weather", slug="weather", upstream_url="https://backend.example.com"
    )


@pytest.fixture
def tier(product: Product) -> Tier:
    return product.tiers.get()


def add(alice: Actor, product: Product, path: str = "/users/{id}", **given: Any) -> Endpoint:
    return services.add_endpoint(
        actor=alice, product=product, **{"method": "GET", "path": path, "tier": product.tiers.first()} | given
    )


class TestMove:
    def test_moves_the_chosen_ones_and_no_other(self, alice: Actor, product: Product, tier: Tier) -> None:
        pro = services.add_tier(actor=alice, product=product, name="Pro")
        one, two, other = (add(alice, product, path) for path in ("/one", "/two", "/other"))
        chosen = [one.public_id, two.public_id, one.public_id]
        assert services.move_endpoints(actor=alice, product=product, endpoints=chosen, tier=pro) == 2
        assert services.move_endpoints(actor=alice, product=product, endpoints=chosen, tier=pro) == 0
        assert set(Endpoint.objects.filter(tier=pro)) == {one, two}
        assert Endpoint.objects.get(tier=tier) == other
        event = AuditEvent.objects.get(action="endpoint.moved")
        assert (event.target, event.summary) == (product.public_id, "Moved 2 endpoints of Weather to the tier Pro")

    @pytest.mark.parametrize("kind", ["none", "unknown", "hostile", "removed", "foreign"])
    def test_moves_all_or_none(self, alice: Actor, product: Product, tier: Tier, kind: str) -> None:
        pro = services.add_tier(actor=alice, product=product, name="Pro")
        mine, gone = add(alice, product, "/mine"), add(alice, product, "/gone")
        services.remove_endpoint(actor=alice, endpoint=gone)
        more = {
            "unknown": "ep_0000000000000000000000",
            "hostile": "a\x00\ud800",
            "removed": gone.public_id,
            "foreign": EndpointFactory().public_id,
        }
        chosen = [] if kind == "none" else [mine.public_id, more[kind]]
        with pytest.raises(Invalid) as refused:
            services.move_endpoints(actor=alice, product=product, endpoints=chosen, tier=pro)
        assert refused.value.field == "endpoints"
        assert set(Endpoint.objects.filter(product=product)) == set(Endpoint.objects.filter(product=product, tier=tier))

    def test_only_to_a_tier_of_the_product(self, alice: Actor, product: Product) -> None:
        mine = add(alice, product)
        with pytest.raises(Invalid, match="tiers"):
            services.move_endpoints(
                actor=alice, product=product, endpoints=[mine.public_id], tier=TierFactory(name="Other")
            )


class TestAdd:
    def test_a_route(self, alice: Actor, product: Product, tier: Tier) -> None:
        endpoint = add(alice, product, " /users/{id} ", weight=3, operation={"summary": "One user"})
        endpoint.refresh_from_db()
        assert (endpoint.method, endpoint.path, endpoint.pattern) == ("GET", "/users/{id}", "/users/{}")
        assert (endpoint.upstream_path, endpoint.weight, endpoint.tier) == ("/users/{id}", 3, tier)
        assert endpoint.summary == "One user"
        event = AuditEvent.objects.get(action="endpoint.added")
        assert (event.target, event.summary) == (endpoint.public_id, "Added GET /users/{id} to Weather")
        assert Change.objects.filter(topic=f"product:{product.pk}").exists()

    @pytest.mark.parametrize("path", ["/users/{id}", "/users/{name}", " /users/{x}"])
    def test_the_same_route_once(self, alice: Actor, product: Product, path: str) -> None:
        add(alice, product)
        with pytest.raises(Conflict) as refused:
            add(alice, product, path)
        assert refused.value.field == "path"
        assert product.endpoints.count() == 1

    def test_another_method_shape_or_product_is_another_route(self, alice: Actor, product: Product) -> None:
        add(alice, product)
        add(alice, product, method="POST")
        add(alice, product, "/users/{id}/")
        add(alice, product, "/users/u{id}")
        other = services.create_product(actor=alice, name="Rain", slug="rain", upstream_url="https://b.example.com")
        add(alice, other)

    def test_a_route_that_was_removed_can_come_back(self, alice: Actor, product: Product) -> None:
        removed = add(alice, product)
        services.remove_endpoint(actor=alice, endpoint=removed)
        again = add(alice, product)
        assert again.pk != removed.pk
        assert Endpoint.objects.filter(product=product).count() == 2

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("method", ""), ("method", "get"), ("method", "TRACE"), ("method", "CONNECT"), ("method", None),
            ("method", 5),
            ("method", "GET\x00"), ("path", ""), ("path", "a"), ("path", "/../x"), ("path", None), ("path", "/a\x00"),
            ("upstream_path", "/{other}"), ("upstream_path", "x"), ("upstream_path", "/a b"), ("upstream_path", 5),
            ("weight", -1), ("weight", 1_000_001), ("weight", 2**63), ("weight", "1"), ("weight", 1.5),
            ("weight", None), ("max_units", -1), ("max_units", 0), ("max_units", 10**9 + 1), ("max_units", "5"),
            ("operation", []), ("operation", "x"), ("operation", {"a": "\x00"}), ("operation", {"a": "\ud800"}),
            ("operation", {"a": float("nan")}), ("operation", {1: 2}), ("operation", {"a": "x" * 262_144}),
            ("operation", {"a": {1, 2}}), ("operation", {"a": 10**5000}), ("operation", {"a": ["é" * 140_000]}),
        ],
    )  # fmt: skip
    def test_a_wrong_value_is_refused_with_its_field(
        self, alice: Actor, product: Product, field: str, value: Any
    ) -> None:
        with pytest.raises(Invalid) as refused:
            add(alice, product, **{field: value})
        assert refused.value.field == field
        assert not product.endpoints.exists()
        endpoint = add(alice, product)
        with pytest.raises(Invalid) as refused:
            services.update_endpoint(
                actor=alice,
                endpoint=endpoint,
                **{"method": "GET", "path": "/x/{id}", "tier": product.tiers.get(), field: value},
            )
        assert refused.value.field == field

    def test_documentation_nested_too_deeply_is_refused(self, alice: Actor, product: Product) -> None:
        operation: dict[str, Any] = {}
        for _ in range(10_000):
            operation = {"schema": operation}
        endless: dict[str, Any] = {}
        endless["allOf"] = [endless, endless]
        bomb: Any = "lol"
        for _ in range(59):
            bomb = [bomb] * 9
        for value in (operation, endless, {"x": bomb}):
            with pytest.raises(Invalid) as refused:
                add(alice, product, operation=value)
            assert refused.value.field == "operation"

    def test_documentation_that_only_looks_dangerous_is_stored(self, alice: Actor, product: Product) -> None:
        operation = {"pattern": "^[^\\u0000]+$", "big": 10**30, "x": 0.5, "text": "é\u2028</script>", "": None}
        endpoint = add(alice, product, operation=operation)
        endpoint.refresh_from_db()
        assert endpoint.operation == operation

    def test_a_tier_of_another_product_is_refused(self, alice: Actor, product: Product) -> None:
        with pytest.raises(Invalid) as refused:
            add(alice, product, tier=TierFactory())
        assert refused.value.field == "tier"

    def test_a_tier_that_was_removed_meanwhile_is_refused(self, alice: Actor, product: Product) -> None:
        tier = services.add_tier(actor=alice, product=product, name="Pro")
        services.remove_tier(actor=alice, tier=Tier.objects.get(pk=tier.pk))
        with pytest.raises(Invalid) as refused:
            add(alice, product, tier=tier)
        assert refused.value.field == "tier"

    def test_so_many(self, alice: Actor, product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(endpoint_services, "ENDPOINTS_MAX", 1)
        services.remove_endpoint(actor=alice, endpoint=add(alice, product))
        add(alice, product)
        with pytest.raises(Conflict, match="1 endpoints"):
            add(alice, product, "/more")


class TestUpdate:
    def test_all_of_a_route(self, alice: Actor, product: Product) -> None:
        endpoint = add(alice, product, operation={"summary": "Old"}, weight=5)
        pro = services.add_tier(actor=alice, product=product, name="Pro")
        services.update_endpoint(
            actor=alice,
            endpoint=endpoint,
            method="PUT",
            path="/u/{id}",
            upstream_path="/x/{id}",
            tier=pro,
            operation={},
        )
        endpoint.refresh_from_db()
        assert (str(endpoint), endpoint.pattern, endpoint.upstream_path) == ("PUT /u/{id}", "/u/{}", "/x/{id}")
        assert (endpoint.tier, endpoint.weight, endpoint.operation) == (pro, 1, {})

    def test_the_documentation_stays_where_none_is_given(self, alice: Actor, product: Product, tier: Tier) -> None:
        endpoint = add(alice, product, operation={"summary": "Old"})
        services.update_endpoint(actor=alice, endpoint=endpoint, method="GET", path="/other", tier=tier)
        endpoint.refresh_from_db()
        assert endpoint.operation == {"summary": "Old"}

    def test_not_onto_another_route(self, alice: Actor, product: Product, tier: Tier) -> None:
        add(alice, product)
        endpoint = add(alice, product, "/other")
        with pytest.raises(Conflict):
            services.update_endpoint(actor=alice, endpoint=endpoint, method="GET", path="/users/{x}", tier=tier)
        endpoint.refresh_from_db()
        assert endpoint.path == "/other"


class TestDeprecate:
    def test_a_route_is_marked_and_unmarked(self, alice: Actor, product: Product) -> None:
        endpoint = add(alice, product)
        sunset_at = clock.now() + dt.timedelta(days=90)
        first = services.deprecate_endpoint(actor=alice, endpoint=endpoint, sunset_at=sunset_at).deprecated_at
        assert first is not None
        endpoint = services.deprecate_endpoint(actor=alice, endpoint=endpoint)
        assert (endpoint.deprecated_at, endpoint.sunset_at) == (first, None)
        endpoint = services.undeprecate_endpoint(actor=alice, endpoint=endpoint)
        assert (endpoint.deprecated_at, endpoint.sunset_at) == (None, None)

    def test_its_end_lies_in_the_future(self, alice: Actor, product: Product) -> None:
        endpoint = add(alice, product)
        for sunset_at in (clock.now() - dt.timedelta(seconds=1), dt.datetime(2999, 1, 1)):  # noqa: DTZ001 - without a zone
            with pytest.raises(Invalid) as refused:
                services.deprecate_endpoint(actor=alice, endpoint=endpoint, sunset_at=sunset_at)
            assert refused.value.field == "sunset_at"


class TestRemove:
    def test_the_row_stays_for_its_usage(self, alice: Actor, product: Product) -> None:
        endpoint = add(alice, product)
        services.remove_endpoint(actor=alice, endpoint=endpoint)
        endpoint.refresh_from_db()
        assert endpoint.removed_at is not None
        assert not product.endpoints.current().exists()

    def test_what_is_removed_is_not_found_any_more(self, alice: Actor, product: Product, tier: Tier) -> None:
        endpoint = EndpointFactory(product=product, tier=tier)
        services.remove_endpoint(actor=alice, endpoint=endpoint)
        for call in (
            lambda: services.remove_endpoint(actor=alice, endpoint=endpoint),
            lambda: services.deprecate_endpoint(actor=alice, endpoint=endpoint),
            lambda: services.update_endpoint(actor=alice, endpoint=endpoint, method="GET", path="/x", tier=tier),
        ):
            with pytest.raises(NotFound):
                call()
