"""Reads of plans: those on sale, which everybody may see, and all versions, for the creator."""

from collections.abc import Iterable

from django.db.models import Count, Q, QuerySet

from apps.accounts.models import Organization
from apps.core.rows import first_or_not_found
from apps.plans.enums import PlanVisibility
from apps.plans.models import Plan, PlanGrant
from apps.products.models import Product


def list_plans_on_sale(product: Product) -> QuerySet[Plan]:
    """What can be subscribed to now, the lowest tier first, with quotas and rate limits."""
    return (
        Plan.objects.on_sale()
        .filter(product=product)
        .select_related("tier")
        .prefetch_related("quotas", "rate_limits__endpoint")
    )


def list_plans_for(organization: Organization | None, product: Product) -> QuerySet[Plan]:
    """What is on sale for this organization: the public plans, and private ones that were granted to it."""
    plans = list_plans_on_sale(product)
    if organization is None:
        return plans.filter(visibility=PlanVisibility.PUBLIC)
    granted = PlanGrant.objects.filter(product=product, organization=organization).values("plan_slug")
    return plans.filter(Q(visibility=PlanVisibility.PUBLIC) | Q(slug__in=granted))


def is_granted(organization: Organization, plan: Plan) -> bool:
    """Whether the creator named this organization for the plan, in whatever version."""
    return PlanGrant.objects.filter(product=plan.product_id, plan_slug=plan.slug, organization=organization).exists()


def get_plan_on_sale(product: Product, *, slug: str) -> Plan:
    """A plan that can be subscribed to now. Raises `NotFound`."""
    return first_or_not_found(list_plans_on_sale(product).filter(slug=slug))


def list_plans(product: Product) -> QuerySet[Plan]:
    """Every draft and every version on sale of a product (for its creator), with the live subscribers counted."""
    return (
        Plan.objects.filter(product=product, withdrawn_at__isnull=True)
        .select_related("tier")
        .prefetch_related("quotas", "rate_limits__endpoint")
        .annotate(live_subscriptions=Count("subscriptions", filter=~Q(subscriptions__status="canceled")))
    )


def get_plan(product: Product, *, public_id: str) -> Plan:
    """A version of a plan of the product, whatever its state. Raises `NotFound`."""
    return first_or_not_found(
        Plan.objects.filter(product=product, public_id=public_id)
        .select_related("tier", "product")
        .prefetch_related("quotas", "rate_limits__endpoint")
    )


def find_replaced_plan(product: Product, *, slug: str) -> Plan | None:
    """The last version of a plan that was on sale once and is not any more."""
    return (
        Plan.objects.filter(product=product, slug=slug, published_at__isnull=False, withdrawn_at__isnull=False)
        .order_by("-version")
        .first()
    )


def cheapest_plans(products: Iterable[Product]) -> dict[int, Plan]:
    """The cheapest plan on sale of each of these products that has one, by the product's primary key."""
    plans = Plan.objects.on_sale().filter(product__in=products)
    ordered = plans.order_by("product_id", "price_amount", "tier__rank", "id").distinct("product_id")
    return {plan.product_id: plan for plan in ordered}


def count_plans_by_tier(product: Product) -> dict[int, int]:
    """How many plans, withdrawn versions among them, sell each tier of the product, by the tier's primary key."""
    rows = Plan.objects.filter(product=product).order_by().values("tier").annotate(count=Count("pk"))
    return {row["tier"]: row["count"] for row in rows}
