"""The terms of sale: what a spec may say of price, overage and visibility, and who is named for a private plan."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.access import Actor
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.models import Change
from apps.plans import services
from apps.plans.enums import OverageRule
from apps.plans.models import Plan, PlanGrant, PriceTier, Quota
from apps.plans.pricing import TierPrice
from apps.plans.readiness import missing_plan
from apps.plans.services import create_plan, grant_plan, publish_plan, revise_plan, revoke_grant, withdraw_plan
from apps.plans.specs import PlanSpec, QuotaSpec
from apps.products.models import Product
from tests.factories.accounts import OrganizationFactory
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory
from tests.factories.products import TierFactory
from tests.factories.subscriptions import SubscriptionFactory

EXTRA = QuotaSpec(
    10_000, "month", overage=OverageRule.PER_UNIT, overage_unit_amount=Decimal("0.2"), overage_max_units=50_000
)
TIERS = (TierPrice(1000, Decimal("0.2")), TierPrice(5000, Decimal("0.1"), 50), TierPrice(None, Decimal("0.05")))
TIERED = QuotaSpec(10_000, "month", overage=OverageRule.GRADUATED, overage_max_units=50_000, price_tiers=TIERS)
PRO = PlanSpec(name="Pro", tier_slug="", price_amount=2900, quotas=(EXTRA, QuotaSpec(500, "day", "calendar")))


@pytest.fixture
def product(db: None) -> Product:
    return TierFactory().product


@pytest.fixture
def alice(product: Product) -> Actor:
    return make_actor(product.organization)


@pytest.fixture
def spec(product: Product) -> PlanSpec:
    return replace(PRO, tier_slug=product.tiers.get().slug)


def published(alice: Actor, product: Product, spec: PlanSpec) -> Plan:
    return publish_plan(actor=alice, plan=create_plan(actor=alice, product=product, spec=spec))


def test_a_version_keeps_the_terms_that_it_was_sold_under(alice: Actor, product: Product, spec: PlanSpec) -> None:
    sold = replace(spec, interval="month", requires_approval=True, visibility="private", quota_on_change="carry_over")
    first = published(alice, product, sold)
    second = revise_plan(actor=alice, plan=first, spec=replace(spec, quotas=(), interval="year"))
    first.refresh_from_db()
    assert (first.interval, first.requires_approval, first.visibility, first.quota_on_change) == (
        "month", True, "private", "carry_over",
    )  # fmt: skip
    quota = first.quotas.get(period="month")
    assert (quota.overage, quota.overage_unit_amount, quota.overage_max_units) == ("per_unit", Decimal("0.2"), 50_000)
    assert quota.ceiling_units == 60_000
    assert first.quotas.get(period="day").ceiling_units == 500
    assert (second.interval, second.requires_approval, second.visibility, second.quota_on_change) == (
        "year", False, "public", "reset",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("interval", {"interval": "day"}), ("interval", {"interval": None}),
        ("visibility", {"visibility": "secret"}), ("quota_on_change", {"quota_on_change": ""}),
        ("requires_approval", {"requires_approval": "yes"}),
        ("quotas", {"quotas": (replace(EXTRA, overage="free"),)}),
        ("quotas", {"quotas": (replace(EXTRA, overage="block"),)}),
        ("quotas", {"quotas": (replace(EXTRA, overage_max_units=None),)}),
        ("quotas", {"quotas": (replace(EXTRA, overage_max_units=0),)}),
        ("quotas", {"quotas": (replace(EXTRA, overage_unit_amount=None),)}),
        ("quotas", {"quotas": (replace(EXTRA, overage_unit_amount=0.2),)}),
        ("quotas", {"quotas": (replace(EXTRA, overage_unit_amount=Decimal(-1)),)}),
        ("quotas", {"quotas": (replace(EXTRA, overage_unit_amount=Decimal("NaN")),)}),
        ("quotas", {"quotas": (replace(EXTRA, overage_unit_amount=Decimal("Infinity")),)}),
        ("quotas", {"quotas": (replace(EXTRA, overage_unit_amount=Decimal("1E+12")),)}),
        ("quotas", {"quotas": (replace(EXTRA, overage_unit_amount=Decimal("1E-9")),)}),
        ("quotas", {"quotas": (replace(EXTRA, overage_unit_amount=Decimal(1), overage_max_units=100_000_000),)}),
        ("quotas", {"quotas": (replace(EXTRA, anchor="calendar"),)}),
        ("quotas", {"quotas": (replace(EXTRA, period="day"),)}),
        ("quotas", {"interval": "year"}),
        ("quotas", {"quotas": (replace(EXTRA, price_tiers=TIERS),)}),
        ("quotas", {"quotas": (replace(TIERED, overage="block", overage_max_units=None),)}),
        ("quotas", {"quotas": (replace(TIERED, overage_unit_amount=Decimal(1)),)}),
        ("quotas", {"quotas": (replace(TIERED, price_tiers=()),)}),
        ("quotas", {"quotas": (replace(TIERED, price_tiers=TIERS * 4),)}),
        ("quotas", {"quotas": (replace(TIERED, price_tiers=TIERS[:2]),)}),
        ("quotas", {"quotas": (replace(TIERED, price_tiers=(TIERS[1], TIERS[0], TIERS[2])),)}),
        ("quotas", {"quotas": (replace(TIERED, price_tiers=(TIERS[2], TIERS[2])),)}),
        ("quotas", {"quotas": (replace(TIERED, overage_max_units=5000),)}),
        ("quotas", {"quotas": (replace(TIERED, price_tiers=(TierPrice(None, Decimal(1), -1),)),)}),
        ("quotas", {"quotas": (replace(TIERED, price_tiers=(TierPrice(None, Decimal(1), 99_999_999),)),)}),
        ("quotas", {"quotas": (replace(TIERED, price_tiers=(TierPrice(None, Decimal("1E-9")),)),)}),
        ("trial_days", {"trial_days": 91}), ("trial_days", {"trial_days": -1}),
        ("trial_days", {"trial_days": 14, "price_amount": 0}), ("trial_days", {"trial_requires_card": True}),
        ("trial_requires_card", {"trial_days": 14, "trial_requires_card": 1}),
        ("quotas", {"quotas": (EXTRA, replace(EXTRA, period="year"))}),
    ],
)  # fmt: skip
def test_a_wrong_term_is_refused_with_its_field(
    alice: Actor, product: Product, spec: PlanSpec, field: str, change: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refused:
        create_plan(actor=alice, product=product, spec=replace(spec, **change))
    assert (refused.value.field, Plan.objects.count()) == (field, 0)


def test_the_database_holds_the_terms_together(alice: Actor, product: Product, spec: PlanSpec) -> None:
    plan = published(alice, product, spec)
    extra = plan.quotas.get(period="month")
    for wrong in ({"overage_max_units": None}, {"overage": "block"}, {"overage_unit_amount": -1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Quota.objects.filter(pk=extra.pk).update(**wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        Quota.objects.create(plan=plan, name="second", included_units=1, period="month")


def test_tiers_and_trial_are_kept_with_the_version(alice: Actor, product: Product, spec: PlanSpec) -> None:
    tiered = replace(spec, quotas=(QuotaSpec(500, "day"), TIERED), trial_days=14, trial_requires_card=True)
    plan = published(alice, product, tiered)
    revise_plan(actor=alice, plan=plan, spec=spec)
    plan = Plan.objects.get(pk=plan.pk)
    quota = plan.quotas.get(period="month")
    assert (quota.tier_prices, quota.ceiling_units) == (TIERS, 60_000)
    assert (plan.trial_days, plan.trial_requires_card) == (14, True)


@pytest.mark.django_db(transaction=True)
def test_the_tiers_of_a_version_that_was_on_sale_stay_as_they_were() -> None:
    alice = make_actor()
    product = TierFactory(product__organization=alice.organization).product
    spec = replace(PRO, tier_slug=product.tiers.get().slug, quotas=(TIERED,))
    draft = create_plan(actor=alice, product=product, spec=spec)
    draft = revise_plan(actor=alice, plan=draft, spec=spec)  # of a draft they may be replaced
    tier = publish_plan(actor=alice, plan=draft).quotas.get().price_tiers.first()
    assert tier is not None
    for wrong in (
        lambda: PriceTier.objects.update(unit_amount=9), tier.delete,
        lambda: PriceTier.objects.create(quota=tier.quota, up_to_units=7, unit_amount=1),
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            wrong()


class TestGrants:
    def test_given_for_every_version_and_taken_back(self, alice: Actor, product: Product, spec: PlanSpec) -> None:
        first = published(alice, product, replace(spec, visibility="private"))
        acme = OrganizationFactory(slug="acme")
        Change.objects.all().delete()
        for _ in range(2):
            grant = grant_plan(actor=alice, plan=first, organization_slug=" acme ")
        assert (grant.organization, grant.created_by) == (acme, alice.user)
        assert PlanGrant.objects.count() == 1
        assert Change.objects.filter(topic=f"product:{product.pk}").exists(), "the gateway names it to them"
        second = revise_plan(actor=alice, plan=first, spec=replace(spec, visibility="private", name="Pro 2"))
        subscription = SubscriptionFactory(plan=second, organization=acme)
        revoke_grant(actor=alice, plan=second, organization=acme)
        assert not PlanGrant.objects.exists()
        subscription.refresh_from_db()
        assert subscription.status == "active", "who has it keeps it"
        with pytest.raises(NotFound):
            revoke_grant(actor=alice, plan=second, organization=acme)

    def test_only_for_plans_of_the_own_product_to_organizations_that_exist(
        self, alice: Actor, product: Product, spec: PlanSpec, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = published(alice, product, spec)
        for slug in ("", "nobody", "\x00", "x" * 1000):
            with pytest.raises(Invalid) as refused:
                grant_plan(actor=alice, plan=plan, organization_slug=slug)
            assert refused.value.field == "organization"
        acme, other = OrganizationFactory(), OrganizationFactory()
        with pytest.raises(NotFound):
            grant_plan(actor=alice, plan=PlanFactory(), organization_slug=acme.slug)
        monkeypatch.setattr(services, "GRANTS_MAX", 1)
        for _ in range(2):
            grant_plan(actor=alice, plan=plan, organization_slug=acme.slug)
        with pytest.raises(Conflict):
            grant_plan(actor=alice, plan=plan, organization_slug=other.slug)


def test_a_product_is_ready_with_a_plan_that_somebody_may_have(alice: Actor, product: Product, spec: PlanSpec) -> None:
    assert missing_plan(product) == ["Put a plan on sale."]
    private = published(alice, product, replace(spec, visibility="private"))
    assert missing_plan(product) == ["Put a public plan on sale, or name an organization for a private one."]
    grant_plan(actor=alice, plan=private, organization_slug=OrganizationFactory().slug)
    assert missing_plan(product) == []
    withdraw_plan(actor=alice, plan=private)
    assert missing_plan(product) == ["Put a plan on sale."]
    published(alice, product, replace(spec, name="Open"))
    assert missing_plan(product) == []
