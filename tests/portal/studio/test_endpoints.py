"""Endpoints and tiers of a product."""

import pytest
from django.test import Client

from apps.products.models import Endpoint
from tests.factories.plans import PlanFactory
from tests.factories.products import EndpointFactory, TierFactory
from tests.portal.studio.world import World
from tests.portal.support import count_queries, text_of

pytestmark = pytest.mark.django_db


def body(ours: World, **changed: str) -> dict[str, str]:
    return {"method": "POST", "path": "/orders/{id}", "tier": ours.tier.slug, "weight": "3"} | changed


class TestList:
    def test_shows_routes_by_path(self, ours: World, client: Client) -> None:
        EndpointFactory(tier=ours.tier, path="/a", upstream_path="/v2/a", weight=5, operation={"summary": "First"})
        text = text_of(client.get(ours.url("studio-endpoints")))
        assert "2 endpoints are open to consumers" in text
        assert "/a First /v2/a" in text
        assert text.index("/a First") < text.index(ours.endpoint.path)

    def test_a_removed_one_is_gone(self, ours: World, client: Client) -> None:
        client.post(ours.url("studio-endpoint-remove"))
        ours.endpoint.refresh_from_db()
        assert ours.endpoint.removed_at is not None
        assert "No endpoints yet" in text_of(client.get(ours.url("studio-endpoints")))

    def test_is_searched_and_paged(self, ours: World, client: Client) -> None:
        EndpointFactory.create_batch(60, tier=ours.tier)
        EndpointFactory(tier=ours.tier, path="/needle")
        url = ours.url("studio-endpoints")
        assert "1–50 of 62" in text_of(client.get(url))
        found = text_of(client.get(url, {"q": "needle"}))
        assert "/needle" in found
        assert ours.endpoint.path not in found
        assert "No endpoint matches “hay”" in text_of(client.get(url, {"q": "hay"}))

    def test_moves_the_chosen_ones_to_another_tier_and_stays_where_it_was(self, ours: World, client: Client) -> None:
        pro = TierFactory(product=ours.product, name="Pro")
        EndpointFactory(tier=ours.tier, path="/found/1")
        EndpointFactory(tier=ours.tier, path="/found/2")
        url = ours.url("studio-endpoints-move") + "?q=found"
        back = {"back": ours.url("studio-endpoints"), "tier": pro.slug}
        answer = client.post(url, back, follow=True)
        assert "Choose at least one endpoint." in text_of(answer)
        answer = client.post(url, back | {"every": "on"}, follow=True)
        assert answer.redirect_chain[0][0] == ours.url("studio-endpoints") + "?q=found"
        assert "2 endpoints require Pro now." in text_of(answer)
        answer = client.post(url, back | {"endpoints": [ours.endpoint.public_id]}, follow=True)
        assert "1 endpoint requires Pro now." in text_of(answer)
        assert Endpoint.objects.filter(tier=pro).count() == 3
        answer = client.post(url, back | {"tier": "no-such"}, follow=True)
        assert "Choose one of the product's tiers." in text_of(answer)

    def test_takes_as_many_queries_for_many_as_for_few(self, ours: World, client: Client) -> None:
        EndpointFactory.create_batch(9, tier=ours.tier)
        few = count_queries(client, ours.url("studio-endpoints"))
        EndpointFactory.create_batch(40, tier=ours.tier)
        assert count_queries(client, ours.url("studio-endpoints")) == few


class TestForm:
    def test_adds_a_route(self, ours: World, client: Client) -> None:
        operation = '{"responses": {"200": {"description": "OK"}}}'
        fields = body(ours, summary="An order", description="By **id**.", operation=operation, upstream_path="/o/{id}")
        assert client.post(ours.url("studio-endpoint-new"), fields).status_code == 302
        endpoint = Endpoint.objects.get(path="/orders/{id}")
        assert (endpoint.method, endpoint.upstream_path, endpoint.weight) == ("POST", "/o/{id}", 3)
        assert endpoint.operation == {
            "summary": "An order", "description": "By **id**.", "responses": {"200": {"description": "OK"}},
        }  # fmt: skip

    def test_a_summary_in_the_json_replaces_the_field(self, ours: World, client: Client) -> None:
        client.post(ours.url("studio-endpoint-new"), body(ours, summary="Old", operation='{"summary": "Pasted"}'))
        assert Endpoint.objects.get(path="/orders/{id}").operation == {"summary": "Pasted"}

    def test_saving_it_untouched_changes_nothing(self, ours: World, client: Client) -> None:
        operation = {"summary": "S", "description": "D", "x-note": {"é": [1, None, True]}, "tags": ["a"]}
        endpoint = EndpointFactory(
            tier=ours.tier, method="PUT", path="/things/{a}", upstream_path="/t/{a}", pattern="/things/{}",
            weight=9, operation=operation,
        )  # fmt: skip
        url = ours.url("studio-endpoint", endpoint_id=endpoint.public_id)
        form = client.get(url).context["form"]
        client.post(url, {name: value for name, value in form.initial.items() if value is not None})
        before = Endpoint.objects.filter(pk=endpoint.pk).values().get()
        assert before["operation"] == operation
        endpoint.refresh_from_db()
        assert (endpoint.method, endpoint.path, endpoint.upstream_path, endpoint.weight, endpoint.tier) == (
            "PUT", "/things/{a}", "/t/{a}", 9, ours.tier
        )  # fmt: skip

    def test_every_mistake_is_shown_at_once(self, ours: World, client: Client) -> None:
        fields = body(ours, path="/orders/{id", weight="-1", operation='{\n"a": 1,\n}')
        response = client.post(ours.url("studio-endpoint-new"), fields)
        text = text_of(response)
        assert response.status_code == 422
        assert "has no readable parameter" in text
        assert "line 3, column 1" in text
        assert "greater than or equal to 0" in text
        # What was typed stands there still.
        assert "/orders/{id" in response.content.decode()

    def test_a_parameter_that_the_path_lacks(self, ours: World, client: Client) -> None:
        response = client.post(ours.url("studio-endpoint-new"), body(ours, upstream_path="/o/{other}"))
        assert "uses parameters that the path lacks: other" in text_of(response)

    def test_a_route_that_matches_the_same_calls(self, ours: World, client: Client) -> None:
        client.post(ours.url("studio-endpoint-new"), body(ours))
        response = client.post(ours.url("studio-endpoint-new"), body(ours, path="/orders/{number}"))
        assert response.status_code == 422
        assert Endpoint.objects.filter(method="POST").count() == 1

    def test_another_can_follow(self, ours: World, client: Client) -> None:
        response = client.post(ours.url("studio-endpoint-new"), body(ours, another="1"))
        assert response.headers["Location"] == ours.url("studio-endpoint-new")


class TestTiers:
    def test_a_new_one_stands_above(self, ours: World, client: Client) -> None:
        client.post(ours.url("studio-tiers"), {"name": "Gold"})
        gold = ours.product.tiers.get(name="Gold")
        assert gold.rank > ours.spare_tier.rank
        text = text_of(client.get(ours.url("studio-tiers")))
        assert text.index("Gold") < text.index(ours.tier.name)

    def test_is_renamed(self, ours: World, client: Client) -> None:
        client.post(ours.url("studio-tier-rename"), {"name": "Silver"})
        ours.spare_tier.refresh_from_db()
        assert ours.spare_tier.name == "Silver"

    def test_only_an_unused_one_offers_to_be_removed(self, ours: World, client: Client) -> None:
        content = client.get(ours.url("studio-tiers")).content.decode()
        assert ours.url("studio-tier-remove") in content
        assert ours.url("studio-tier-remove", tier_slug=ours.tier.slug) not in content

    def test_one_in_use_is_not_removed_and_says_why(self, ours: World, client: Client) -> None:
        page = ours.url("studio-tiers")
        url = ours.url("studio-tier-remove", tier_slug=ours.tier.slug)
        response = client.post(url, {"back": page}, follow=True)
        assert "Endpoints or plans use the tier" in text_of(response)
        assert ours.product.tiers.filter(pk=ours.tier.pk).exists()

    def test_takes_as_many_queries_for_many_as_for_few(self, ours: World, client: Client) -> None:
        few = count_queries(client, ours.url("studio-tiers"))
        for rank in range(2, 20):
            PlanFactory(tier=TierFactory(product=ours.product, rank=rank))
        assert count_queries(client, ours.url("studio-tiers")) == few
