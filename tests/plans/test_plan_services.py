"""Plans: a published version never changes, and one version of each plan is on sale."""

from dataclasses import replace
from typing import Any

import pytest

from apps.accounts.access import Actor
from apps.accounts.models import AuditEvent
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.models import Change
from apps.plans import services
from apps.plans.enums import QuotaAnchor
from apps.plans.models import Plan
from apps.plans.services import create_plan, publish_plan, revise_plan, withdraw_plan
from apps.plans.specs import PlanSpec, QuotaSpec, RateLimitSpec
from apps.products.models import Endpoint, Product
from apps.products.services import add_endpoint, add_tier, create_product, remove_endpoint, remove_tier
from tests.factories.actors import make_actor
from tests.factories.products import EndpointFactory, TierFactory
from tests.factories.subscriptions import SubscriptionFactory

pytestmark = pytest.mark.django_db

PRO = PlanSpec(
    name="Pro",
    tier_slug="free",
    description="For those who need more",
    quotas=(QuotaSpec(1000, "month"), QuotaSpec(100, "day", QuotaAnchor.CALENDAR)),
    rate_limits=(RateLimitSpec(10, "second"), RateLimitSpec(60, "minute")),
    max_concurrent=5,
)


@pytest.fixture
def alice() -> Actor:
    return make_actor()


@pytest.fixture
def product(alice: Actor) -> Product:
    return create_product(actor=alice, name="Weather", slug="weather", upstream_url="https://backend.example.com")


@pytest.fixture
def endpoint(alice: Actor, product: Product) -> Endpoint:
    return add_endpoint(actor=alice, product=product, method="GET", path="/x", tier=product.tiers.get())


def contents(plan: Plan) -> dict[str, Any]:
    """All that a version says."""
    return {
        "plan": Plan.objects.values(
            "name", "description", "slug", "version", "price_amount", "tier", "max_concurrent"
        ).get(pk=plan.pk),
        "quotas": list(plan.quotas.values_list("name", "included_units", "period", "anchor")),
        "limits": list(plan.rate_limits.values_list("name", "max_calls", "window", "endpoint")),
    }


class TestCreate:
    def test_a_first_version_that_is_not_on_sale(self, alice: Actor, product: Product, endpoint: Endpoint) -> None:
        spec = replace(PRO, rate_limits=(*PRO.rate_limits, RateLimitSpec(1, "hour", endpoint)))
        plan = create_plan(actor=alice, product=product, spec=spec)
        assert contents(plan) == {
            "plan": {
                "name": "Pro", "description": "For those who need more", "slug": "pro", "version": 1,
                "price_amount": 0, "tier": product.tiers.get().pk, "max_concurrent": 5,
            },
            "quotas": [("monthly", 1000, "month", "subscription"), ("daily", 100, "day", "calendar")],
            "limits": [
                ("per-second", 10, "second", None), ("per-minute", 60, "minute", None),
                ("endpoint-per-hour", 1, "hour", endpoint.pk),
            ],
        }  # fmt: skip
        assert not plan.is_on_sale
        assert AuditEvent.objects.get(action="plan.created").target == plan.public_id
        assert Change.objects.filter(topic=f"product:{product.pk}").exists()

    @pytest.mark.parametrize(
        ("field", "change"),
        [
            ("name", {"name": ""}), ("name", {"name": "x" * 41}), ("name", {"name": "a\x00b"}),
            ("name", {"name": None}),
            ("name", {"name": "\ud800"}), ("description", {"description": "x" * 301}),
            ("description", {"description": "a\x00"}), ("description", {"description": None}),
            ("price_amount", {"price_amount": -1}), ("price_amount", {"price_amount": 2**63}),
            ("price_amount", {"price_amount": 9.99}), ("price_amount", {"price_amount": "5"}),
            ("price_amount", {"price_amount": True}), ("currency", {"currency": "usd"}), ("currency", {"currency": ""}),
            ("currency", {"currency": "QQQ"}), ("currency", {"currency": "XAU"}), ("currency", {"currency": ["USD"]}),
            ("price_amount", {"price_amount": 100_000_000}), ("currency", {"currency": "EURO"}),
            ("currency", {"currency": "U\x00D"}), ("currency", {"currency": None}),
            ("tier", {"tier_slug": "none"}), ("tier", {"tier_slug": "\x00"}), ("tier", {"tier_slug": "x" * 10_000}),
            ("quotas", {"quotas": (QuotaSpec(1, "hour"),)}), ("quotas", {"quotas": (QuotaSpec(1, ""),)}),
            ("quotas", {"quotas": (QuotaSpec(1, "day", "moon"),)}), ("quotas", {"quotas": (QuotaSpec(-1, "day"),)}),
            ("quotas", {"quotas": (QuotaSpec(2**63, "day"),)}), ("quotas", {"quotas": (QuotaSpec(1.5, "day"),)}),
            ("quotas", {"quotas": (QuotaSpec(1, "day"), QuotaSpec(2, "day"))}),
            ("rate_limits", {"rate_limits": (RateLimitSpec(1, "day"),)}),
            ("rate_limits", {"rate_limits": (RateLimitSpec(-1, "hour"),)}),
            ("rate_limits", {"rate_limits": (RateLimitSpec(2**31, "hour"),)}),
            ("rate_limits", {"rate_limits": (RateLimitSpec("5", "hour"),)}),
            ("rate_limits", {"rate_limits": (RateLimitSpec(1, "hour"), RateLimitSpec(2, "hour"))}),
            ("rate_limits", {"rate_limits": (RateLimitSpec(1, "hour"),) * 201}),
            ("max_concurrent", {"max_concurrent": 0}), ("max_concurrent", {"max_concurrent": 2**31}),
            ("max_concurrent", {"max_concurrent": "5"}),
        ],
    )  # fmt: skip
    def test_a_wrong_value_is_refused_with_its_field(
        self, alice: Actor, product: Product, field: str, change: dict[str, Any]
    ) -> None:
        with pytest.raises(Invalid) as refused:
            create_plan(actor=alice, product=product, spec=replace(PRO, **change))
        assert refused.value.field == field
        assert not Plan.objects.exists()
        plan = publish_plan(actor=alice, plan=create_plan(actor=alice, product=product, spec=PRO))
        with pytest.raises(Invalid) as refused:
            revise_plan(actor=alice, plan=plan, spec=replace(PRO, **change))
        assert refused.value.field == field
        plan.refresh_from_db()
        assert plan.is_on_sale, "a revision that is refused leaves the old version on sale"

    def test_endpoints_of_others_and_removed_ones_are_refused(
        self, alice: Actor, product: Product, endpoint: Endpoint
    ) -> None:
        remove_endpoint(actor=alice, endpoint=endpoint)
        for wrong in (endpoint, EndpointFactory()):
            spec = replace(PRO, rate_limits=(RateLimitSpec(1, "hour", wrong),))
            with pytest.raises(Invalid) as refused:
                create_plan(actor=alice, product=product, spec=spec)
            assert refused.value.field == "rate_limits"

    def test_tiers_of_others_are_refused(self, alice: Actor, product: Product) -> None:
        other = TierFactory(slug="other-tier")
        with pytest.raises(Invalid):
            create_plan(actor=alice, product=product, spec=replace(PRO, tier_slug=other.slug))

    def test_a_name_is_taken_once(self, alice: Actor, product: Product) -> None:
        create_plan(actor=alice, product=product, spec=PRO)
        other = create_plan(actor=alice, product=product, spec=replace(PRO, name="Ultra"))
        for name in ("Pro", " pro ", "PRO"):
            with pytest.raises(Invalid) as refused:
                create_plan(actor=alice, product=product, spec=replace(PRO, name=name))
            assert refused.value.field == "name"
            with pytest.raises(Invalid):
                revise_plan(actor=alice, plan=other, spec=replace(PRO, name=name))

    def test_plans_whose_names_look_alike_in_an_address_are_two_plans(self, alice: Actor, product: Product) -> None:
        specs = [replace(PRO, name=name) for name in ("Pro", "Pro!", "プロ", "日本", "x" * 40, "x" * 39 + "!")]
        plans = [create_plan(actor=alice, product=product, spec=spec) for spec in specs]
        assert len({plan.slug for plan in plans}) == len(plans)
        for plan in plans:
            assert publish_plan(actor=alice, plan=plan).is_on_sale

    def test_the_name_of_a_renamed_plan_is_free_for_another_one(self, alice: Actor, product: Product) -> None:
        pro = publish_plan(actor=alice, plan=create_plan(actor=alice, product=product, spec=PRO))
        gold = revise_plan(actor=alice, plan=pro, spec=replace(PRO, name="Gold"))
        again = publish_plan(actor=alice, plan=create_plan(actor=alice, product=product, spec=PRO))
        assert (gold.slug, again.slug) == ("pro", "pro-2")
        assert set(Plan.objects.on_sale()) == {gold, again}

    def test_so_many(self, alice: Actor, product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services, "PLANS_MAX", 1)
        plan = create_plan(actor=alice, product=product, spec=PRO)
        with pytest.raises(Conflict, match="1 plans"):
            create_plan(actor=alice, product=product, spec=replace(PRO, name="Ultra"))
        withdraw_plan(actor=alice, plan=plan)
        create_plan(actor=alice, product=product, spec=PRO)


class TestRevise:
    def test_a_published_version_stays_as_it_was(self, alice: Actor, product: Product) -> None:
        first = publish_plan(actor=alice, plan=create_plan(actor=alice, product=product, spec=PRO))
        subscription = SubscriptionFactory(plan=first)
        before = contents(first)
        second = revise_plan(
            actor=alice, plan=first, spec=replace(PRO, name="Pro+", quotas=(QuotaSpec(5000, "month"),), rate_limits=())
        )
        assert contents(first) == before
        first.refresh_from_db()
        subscription.refresh_from_db()
        assert subscription.plan == first
        assert first.withdrawn_at is not None
        assert second.published_at == first.withdrawn_at  # at no instant is none on sale
        assert (second.slug, second.version, second.name) == ("pro", 2, "Pro+")
        assert list(second.quotas.values_list("included_units", flat=True)) == [5000]
        assert not second.rate_limits.exists()
        assert second.public_id != first.public_id
        assert list(Plan.objects.on_sale()) == [second]

    def test_a_draft_is_rewritten(self, alice: Actor, product: Product) -> None:
        draft = create_plan(actor=alice, product=product, spec=PRO)
        revised = revise_plan(actor=alice, plan=draft, spec=replace(PRO, name="Ultra", quotas=(QuotaSpec(7, "year"),)))
        assert (revised.pk, revised.public_id, revised.version) == (draft.pk, draft.public_id, 1)
        assert (revised.name, revised.is_on_sale) == ("Ultra", False)
        assert list(revised.quotas.values_list("name", "included_units")) == [("yearly", 7)]
        assert revised.rate_limits.count() == 2
        assert Plan.objects.count() == 1

    def test_a_replaced_version_cannot_be_revised(self, alice: Actor, product: Product) -> None:
        first = publish_plan(actor=alice, plan=create_plan(actor=alice, product=product, spec=PRO))
        revise_plan(actor=alice, plan=first, spec=PRO)
        for call in (
            lambda: revise_plan(actor=alice, plan=first, spec=PRO),
            lambda: publish_plan(actor=alice, plan=first),
            lambda: withdraw_plan(actor=alice, plan=first),
        ):
            with pytest.raises(Conflict):
                call()
        assert Plan.objects.on_sale().get().version == 2

    def test_another_tier(self, alice: Actor, product: Product) -> None:
        plan = publish_plan(actor=alice, plan=create_plan(actor=alice, product=product, spec=PRO))
        tier = add_tier(actor=alice, product=product, name="Gold")
        assert revise_plan(actor=alice, plan=plan, spec=replace(PRO, tier_slug="gold")).tier == tier
        with pytest.raises(Conflict):
            remove_tier(actor=alice, tier=tier)


class TestPublishAndWithdraw:
    def test_on_sale_and_off(self, alice: Actor, product: Product) -> None:
        plan = publish_plan(actor=alice, plan=create_plan(actor=alice, product=product, spec=PRO))
        assert plan.is_on_sale
        with pytest.raises(Conflict):
            publish_plan(actor=alice, plan=plan)
        plan = withdraw_plan(actor=alice, plan=plan)
        assert not plan.is_on_sale
        actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
        assert list(actions)[-3:] == ["plan.created", "plan.published", "plan.withdrawn"]

    def test_a_withdrawn_draft_is_gone(self, alice: Actor, product: Product) -> None:
        draft = withdraw_plan(actor=alice, plan=create_plan(actor=alice, product=product, spec=PRO))
        with pytest.raises(Conflict):
            publish_plan(actor=alice, plan=draft)

    def test_to_a_stranger_nothing_is_there(self, alice: Actor, product: Product) -> None:
        plan = create_plan(actor=alice, product=product, spec=PRO)
        stranger = make_actor()
        for call in (
            lambda: create_plan(actor=stranger, product=product, spec=PRO),
            lambda: revise_plan(actor=stranger, plan=plan, spec=PRO),
            lambda: publish_plan(actor=stranger, plan=plan),
            lambda: withdraw_plan(actor=stranger, plan=plan),
        ):
            with pytest.raises(NotFound):
                call()
        assert list(Plan.objects.values_list("pk", "published_at", "withdrawn_at")) == [(plan.pk, None, None)]
