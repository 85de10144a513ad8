from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

from django.db.models import Model, QuerySet

from apps.keys.models import ApiKey
from apps.products.models import Endpoint, Product
from apps.subscriptions.models import Subscription

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose usage is meant: some subscriptions (a consumer's), or products with all their consumers (a creator's).

    Of all endpoints and keys, or of one endpoint (`at`), or of one key (`by`).

    Made from objects that the caller fetched for its actor, so that tenancy is decided there.
    """

    subscription_ids: tuple[int, ...] | None = None
    product_ids: tuple[int, ...] | None = None
    endpoint_id: int | None = None
    api_key_id: int | None = None

    def __post_init__(self) -> None:
        if (self.subscription_ids is None) == (self.product_ids is None):
            raise ValueError("A scope is either subscriptions or products.")

    @classmethod
    def of_subscription(cls, subscription: Subscription) -> Self:
        return cls(subscription_ids=(subscription.pk,))

    @classmethod
    def of_subscriptions(cls, subscriptions: Iterable[Subscription]) -> Self:
        """All of an organization's, say. None at all is a scope that holds nothing."""
        return cls(subscription_ids=tuple(subscription.pk for subscription in subscriptions))

    @classmethod
    def of_product(cls, product: Product) -> Self:
        return cls(product_ids=(product.pk,))

    @classmethod
    def of_products(cls, products: Iterable[Product]) -> Self:
        return cls(product_ids=tuple(product.pk for product in products))

    def at(self, endpoint: Endpoint) -> Self:
        """The same, of this endpoint alone."""
        return replace(self, endpoint_id=endpoint.pk)

    def by(self, key: ApiKey) -> Self:
        """The same, of calls with this key alone."""
        return replace(self, api_key_id=key.pk)

    @property
    def filters(self) -> dict[str, Any]:
        """The lookups that narrow events, rejections or rollups to it."""
        filters: dict[str, Any] = {}
        if self.endpoint_id is not None:
            filters["endpoint_id"] = self.endpoint_id
        if self.api_key_id is not None:
            filters["api_key_id"] = self.api_key_id
        if self.product_ids is not None:
            filters["product_id__in"] = self.product_ids
        if self.subscription_ids is not None:
            filters["subscription_id__in"] = self.subscription_ids
        return filters

    @property
    def columns(self) -> set[str]:
        """The columns that it narrows by."""
        return {lookup.removesuffix("__in") for lookup in self.filters}

    def restrict(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        """Those of these events, rejections or rollups that lie in the scope."""
        return rows.filter(**self.filters)
