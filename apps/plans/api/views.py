"""What products are sold by: for everybody, those on sale; for their creator, drafts and versions."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView, VisitorView
from apps.core.errors import Invalid, NotFound
from apps.core.rest.fields import Empty
from apps.core.rest.operations import operation
from apps.plans import selectors, services
from apps.plans.api.serializers import CatalogPlanSerializer, GrantInput, GrantSerializer, PlanInput, PlanSerializer
from apps.plans.models import Plan, PlanGrant
from apps.plans.pricing import TierPrice
from apps.plans.specs import PlanSpec, QuotaSpec, RateLimitSpec
from apps.products.models import Product
from apps.products.selectors import get_endpoint, get_in_catalog, get_own_product

TAG = "Plans"
READ, WRITE = TokenScope.PLANS_READ, TokenScope.PLANS_WRITE
EXAMPLE = {
    "name": "Starter", "tier": "free", "price_amount": 1900, "currency": "EUR", "interval": "month",
    "quotas": [
        {
            "included_units": 10000, "period": "month", "overage": "per_unit",
            "overage_unit_amount": "0.25", "overage_max_units": 50000,
        }
    ],
    "rate_limits": [{"max_calls": 60, "window": "minute"}],
}  # fmt: skip


class CatalogPlansView(VisitorView):
    @operation(
        "listCatalogPlans", "List the plans of a product on sale", tag="Catalog",
        description="With an organization (a token, or `X-Organization`) also those that its creator granted to it.",
        answer=CatalogPlanSerializer, many=True, errors=(403,),
    )  # fmt: skip
    def get(self, request: Request, slug: str) -> QuerySet[Plan]:
        product = get_in_catalog(slug=slug)
        if self.organization is None:
            return selectors.list_plans_seen_by(AnonymousUser(), product)
        return selectors.list_plans_for(self.organization, product)


class ProductPlansView(OrganizationView):
    @property
    def product(self) -> Product:
        return get_own_product(self.actor, public_id=self.kwargs["product_id"])

    def spec(self, product: Product) -> PlanSpec:
        """The body as the services take it. Raises `Invalid` for an endpoint that the product does not have."""
        values = dict(self.body)
        return PlanSpec(
            tier_slug=values.pop("tier"),
            quotas=tuple(map(_quota, values.pop("quotas", ()))),
            rate_limits=tuple(_rate_limit(product, limit) for limit in values.pop("rate_limits", ())),
            **values,
        )


class PlansView(ProductPlansView):
    @operation(
        "listPlans", "List the plans of a product", tag=TAG, scope=READ,
        description="Drafts and the versions on sale.", answer=PlanSerializer, ordering=("id",),
    )  # fmt: skip
    def get(self, request: Request, product_id: str) -> QuerySet[Plan]:
        return selectors.list_plans(self.product)

    @operation(
        "createPlan", "Create a plan", tag=TAG, scope=WRITE, description="A draft: publish it to put it on sale.",
        body=PlanInput, answer=PlanSerializer, status=201, examples={"request": EXAMPLE},
    )  # fmt: skip
    def post(self, request: Request, product_id: str) -> Plan:
        product = self.product
        return services.create_plan(actor=self.actor, product=product, spec=self.spec(product))


class PlanView(ProductPlansView):
    @property
    def plan(self) -> Plan:
        return selectors.get_plan(self.product, public_id=self.kwargs["plan_id"])


class PlanDetailView(PlanView):
    @operation("getPlan", "Show a version of a plan", tag=TAG, scope=READ, answer=PlanSerializer)
    def get(self, request: Request, product_id: str, plan_id: str) -> Plan:
        return self.plan

    @operation(
        "revisePlan", "Revise a plan", tag=TAG, scope=WRITE,
        description="A draft is rewritten. Of a plan on sale a new version is made, with an id of its own; subscribers "
        "stay on theirs.",
        body=PlanInput, answer=PlanSerializer, errors=(409,), examples={"request": EXAMPLE},
    )  # fmt: skip
    def put(self, request: Request, product_id: str, plan_id: str) -> Plan:
        plan = self.plan
        return services.revise_plan(actor=self.actor, plan=plan, spec=self.spec(plan.product))


class PublishView(PlanView):
    @operation("publishPlan", "Put a plan on sale", tag=TAG, scope=WRITE, body=Empty, answer=PlanSerializer)
    def post(self, request: Request, product_id: str, plan_id: str) -> Plan:
        return services.publish_plan(actor=self.actor, plan=self.plan)


class WithdrawView(PlanView):
    @operation(
        "withdrawPlan", "Take a plan off sale", tag=TAG, scope=WRITE, description="Subscribers stay on it.",
        body=Empty, answer=PlanSerializer,
    )  # fmt: skip
    def post(self, request: Request, product_id: str, plan_id: str) -> Plan:
        return services.withdraw_plan(actor=self.actor, plan=self.plan)


class GrantsView(PlanView):
    @operation(
        "listGrants", "List whom a plan is granted to", tag=TAG, scope=READ, answer=GrantSerializer, ordering=("id",)
    )
    def get(self, request: Request, product_id: str, plan_id: str) -> QuerySet[PlanGrant]:
        return selectors.list_grants(self.plan)

    @operation(
        "grantPlan", "Grant a plan to an organization", tag=TAG, scope=WRITE,
        description="It may have the plan, in all its versions, without asking: a private one, and one that needs "
        "approval. Once more is no error.",
        body=GrantInput, answer=GrantSerializer, status=201,
    )  # fmt: skip
    def post(self, request: Request, product_id: str, plan_id: str) -> PlanGrant:
        return services.grant_plan(actor=self.actor, plan=self.plan, organization_slug=self.body["organization"])


class GrantDetailView(PlanView):
    @operation(
        "revokeGrant", "Take the grant of a plan back", tag=TAG, scope=WRITE,
        description="Who is subscribed stays on the plan.", status=204, errors=(409,),
    )  # fmt: skip
    def delete(self, request: Request, product_id: str, plan_id: str, organization_slug: str) -> None:
        plan = self.plan
        grant = selectors.get_grant(plan, organization_slug=organization_slug)
        services.revoke_grant(actor=self.actor, plan=plan, organization=grant.organization)


def _quota(quota: dict[str, Any]) -> QuotaSpec:
    tiers = quota.pop("price_tiers", ())
    prices = tuple(TierPrice(tier.pop("up_to_units", None), **tier) for tier in tiers)
    return QuotaSpec(**quota, price_tiers=prices)


def _rate_limit(product: Product, limit: dict[str, Any]) -> RateLimitSpec:
    endpoint_id = limit.get("endpoint")
    try:
        endpoint = get_endpoint(product, public_id=endpoint_id) if endpoint_id else None
    except NotFound:
        raise Invalid(_("Choose one of the product's endpoints."), field="rate_limits") from None
    return RateLimitSpec(limit["max_calls"], limit["window"], endpoint)
