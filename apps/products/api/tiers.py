"""The tiers of a product."""

from django.db.models import QuerySet
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.core.rest.operations import operation
from apps.products import selectors, services
from apps.products.api.base import ProductView
from apps.products.api.serializers import TierInput, TierSerializer
from apps.products.models import Tier

TAG = "Products"
READ, WRITE = TokenScope.PRODUCTS_READ, TokenScope.PRODUCTS_WRITE


class TiersView(ProductView):
    @operation("listTiers", "List the tiers of a product", tag=TAG, scope=READ, answer=TierSerializer, many=True)
    def get(self, request: Request, product_id: str) -> QuerySet[Tier]:
        return self.product.tiers.all()

    @operation(
        "createTier", "Add a tier", tag=TAG, scope=WRITE, description="Above the existing ones: it includes them.",
        body=TierInput, answer=TierSerializer, status=201, examples={"request": {"name": "Pro"}},
    )  # fmt: skip
    def post(self, request: Request, product_id: str) -> Tier:
        return services.add_tier(actor=self.actor, product=self.product, **self.body)


class TierDetailView(ProductView):
    @operation(
        "updateTier", "Rename a tier", tag=TAG, scope=WRITE, body=TierInput, answer=TierSerializer, errors=(409,)
    )
    def patch(self, request: Request, product_id: str, tier: str) -> Tier:
        found = selectors.get_tier(self.product, slug=tier)
        return services.rename_tier(actor=self.actor, tier=found, **self.body)

    @operation(
        "deleteTier", "Remove a tier", tag=TAG, scope=WRITE,
        description="One that no endpoint ever required and no plan ever sold.", status=204, errors=(409,),
    )  # fmt: skip
    def delete(self, request: Request, product_id: str, tier: str) -> None:
        services.remove_tier(actor=self.actor, tier=selectors.get_tier(self.product, slug=tier))
