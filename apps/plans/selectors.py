"""Reads of plans: those on sale for everybody or for some, and all versions, for the creator."""

from collections.abc import Iterable
from typing import NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q, QuerySet

from apps.accounts.models import Organization, User
from apps.core.rows import first_or_not_found
from apps.plans.enums import PlanVisibility
from apps.plans.intervals import price_per_day
from apps.plans.models import Plan, PlanGrant
from apps.products.models import Product

# What is read of a plan beside its own row.
TERMS = ("quotas__price_tiers", "rate_limits__endpoint")

_LIVE_SUBSCRIPTIONS = Count("subscriptions", filter=~Q(subscriptions__status="canceled"))


class Cheapest(NamedTuple):
    """`paid` is the cheapest one that costs something, where `plan` is free and does not stand alone."""

    plan: Plan
    paid: Plan | None

    @property
    def is_pay_as_you_go(self) -> bool:
        """Whether `plan` is free only as long as nothing is used beyond its included units."""
        return self.plan.is_pay_as_you_go


def list_plans_on_sale(product: Product) -> QuerySet[Plan]:
    """What can be subscribed to now, the lowest tier first, with quotas and rate limits."""
    return Plan.objects.on_sale().filter(product=product).select_related("tier").prefetch_related(*TERMS)


def list_plans_for(organization: Organization, product: Product) -> QuerySet[Plan]:
    """What is on sale for this organization: the public plans, and private ones that were granted to it."""
    return list_plans_on_sale(product).filter(_sold_to(product, Q(organization=organization)))


def get_plan_once_sold(organization: Organization, product: Product, *, public_id: str) -> Plan:
    """A published version, on sale or not any more, that is public or was granted to it. Raises `NotFound`."""
    published = Plan.objects.filter(product=product, public_id=public_id, published_at__isnull=False)
    return first_or_not_found(
        published.filter(_sold_to(product, Q(organization=organization)))
        .select_related("tier", "product")
        .prefetch_related(*TERMS)
    )


def list_plans_seen_by(user: User | AnonymousUser, product: Product) -> QuerySet[Plan]:
    """What is on sale for any of the person's organizations; for somebody unknown, the public plans."""
    return list_plans_on_sale(product).filter(_seen_by(user, product))


def get_plan_seen_by(user: User | AnonymousUser, product: Product, *, slug: str) -> Plan:
    """A plan that one of the person's organizations can subscribe to now. Raises `NotFound`."""
    return first_or_not_found(list_plans_seen_by(user, product).filter(slug=slug))


def is_granted(organization: Organization, plan: Plan) -> bool:
    """Whether the creator named this organization for the plan, in whatever version."""
    return PlanGrant.objects.filter(product=plan.product_id, plan_slug=plan.slug, organization=organization).exists()


def get_plan_on_sale(product: Product, *, slug: str) -> Plan:
    """A plan that can be subscribed to now. Raises `NotFound`."""
    return first_or_not_found(list_plans_on_sale(product).filter(slug=slug))


def list_plans(product: Product) -> QuerySet[Plan]:
    """Every draft and every version on sale of a product (for its creator), with the live subscribers counted."""
    return _with_subscribers(
        Plan.objects.filter(product=product, withdrawn_at__isnull=True).select_related("tier").prefetch_related(*TERMS)
    )


def get_plan(product: Product, *, public_id: str) -> Plan:
    """A version of a plan of the product, whatever its state. Raises `NotFound`."""
    return first_or_not_found(
        Plan.objects.filter(product=product, public_id=public_id)
        .select_related("tier", "product")
        .prefetch_related(*TERMS)
    )


def find_replaced_plan(user: User | AnonymousUser, product: Product, *, slug: str) -> Plan | None:
    """The last version of a plan that was on sale once, for one of the person's organizations, and is not any more."""
    return (
        Plan.objects.filter(product=product, slug=slug, published_at__isnull=False, withdrawn_at__isnull=False)
        .filter(_seen_by(user, product))
        .order_by("-version")
        .first()
    )


def cheapest_first(plans: Iterable[Plan]) -> list[Plan]:
    """In the order in which a plan is advised: the lowest first payment, then the lowest price for a day, then tier.

    Who begins pays for one interval: a plan by the month is named before the same one by the year.
    """
    return sorted(plans, key=lambda plan: (plan.price_amount, price_per_day(plan), plan.tier.rank, plan.pk))


def cheapest_opening(plans: Iterable[Plan], rank: int) -> Plan | None:
    """The one that is advised to who wants to call an endpoint of a tier of this rank."""
    return next((plan for plan in cheapest_first(plans) if plan.tier.rank >= rank), None)


def list_grants_by_slug(product: Product) -> dict[str, frozenset[int]]:
    """The organizations, by primary key, that may have each private plan of the product."""
    granted: dict[str, set[int]] = {}
    for slug, organization_id in PlanGrant.objects.filter(product=product).values_list("plan_slug", "organization_id"):
        granted.setdefault(slug, set()).add(organization_id)
    return {slug: frozenset(organizations) for slug, organizations in granted.items()}


def cheapest_of(plans: Iterable[Plan]) -> Cheapest | None:
    """What the plans of one product begin at; None where there are none."""
    ordered = cheapest_first(plans)
    if not ordered:
        return None
    paid = next((plan for plan in ordered if not plan.is_free), None)
    return Cheapest(ordered[0], None if paid is ordered[0] else paid)


def cheapest_plans(products: Iterable[Product]) -> dict[int, Cheapest]:
    """What the public plans on sale of each of these products that has some begin at, by its primary key."""
    plans = Plan.objects.on_sale().filter(product__in=products, visibility=PlanVisibility.PUBLIC)
    of_product: dict[int, list[Plan]] = {}
    for plan in plans.select_related("tier").prefetch_related("quotas"):
        of_product.setdefault(plan.product_id, []).append(plan)
    return {number: found for number, some in of_product.items() if (found := cheapest_of(some))}


def count_plans_by_tier(product: Product) -> dict[int, int]:
    """How many plans, withdrawn versions among them, sell each tier of the product, by the tier's primary key."""
    rows = Plan.objects.filter(product=product).order_by().values("tier").annotate(count=Count("pk"))
    return {row["tier"]: row["count"] for row in rows}


def count_subscribers_by_slug(product: Product) -> dict[str, int]:
    """How many live subscriptions each plan of the product has, all its versions together."""
    rows = Plan.objects.filter(product=product).order_by().values("slug").annotate(count=_LIVE_SUBSCRIPTIONS)
    return {row["slug"]: row["count"] for row in rows}


def list_versions(plan: Plan) -> QuerySet[Plan]:
    """Every version of the plan, the newest first, with the live subscribers counted."""
    return _with_subscribers(Plan.objects.filter(product=plan.product_id, slug=plan.slug)).order_by("-version")


def list_grants(plan: Plan) -> QuerySet[PlanGrant]:
    """Whom the creator named for the plan, by name."""
    return (
        PlanGrant.objects.filter(product=plan.product_id, plan_slug=plan.slug)
        .select_related("organization", "created_by")
        .order_by("organization__name", "id")
    )


def get_grant(plan: Plan, *, organization_slug: str) -> PlanGrant:
    """That of one organization. Raises `NotFound`."""
    return first_or_not_found(list_grants(plan).filter(organization__slug=organization_slug))


def _with_subscribers(plans: QuerySet[Plan]) -> QuerySet[Plan]:
    return plans.annotate(live_subscriptions=_LIVE_SUBSCRIPTIONS)


def _seen_by(user: User | AnonymousUser, product: Product) -> Q:
    if isinstance(user, AnonymousUser):
        return Q(visibility=PlanVisibility.PUBLIC)
    return _sold_to(product, Q(organization__memberships__user=user))


def _sold_to(product: Product, whom: Q) -> Q:
    """Public plans, and private ones that were granted to `whom`, a condition on grants."""
    granted = PlanGrant.objects.filter(whom, product=product).values("plan_slug")
    return Q(visibility=PlanVisibility.PUBLIC) | Q(slug__in=granted)
