"""What the usage and the request log of a product are narrowed to: a consumer, an endpoint, a time."""

from dataclasses import dataclass

from apps.portal.access import PortalRequest
from apps.portal.requests.filters import CHOICES_MAX, LogFilters, endpoint_choices, read_filters
from apps.products.models import Endpoint, Product
from apps.subscriptions.models import Subscription
from apps.subscriptions.selectors import find_consumer, list_consumers
from apps.usage.selectors import Scope


@dataclass(frozen=True)
class ProductFilters:
    """The filters, what each can be set to, and the calls that they mean."""

    filters: LogFilters
    consumers: list[Subscription]
    endpoints: list[Endpoint]
    scope: Scope


def read_product_filters(request: PortalRequest, product: Product) -> ProductFilters:
    """Look up what the address filters by among the consumers and endpoints of the product."""
    consumers, endpoints = _consumers(request, product), endpoint_choices(request.GET, product)
    filters = read_filters(request.GET, consumers=consumers, endpoints=endpoints)
    consumer = filters.subscription
    scope = Scope.of_subscription(consumer) if consumer else Scope.of_product(product)
    return ProductFilters(filters, consumers, endpoints, scope.at(filters.endpoint) if filters.endpoint else scope)


def _consumers(request: PortalRequest, product: Product) -> list[Subscription]:
    wanted = request.GET.get("consumer", "").replace("\x00", "")
    consumers = list(list_consumers(request.actor, product)[:CHOICES_MAX])
    if wanted and wanted not in {consumer.public_id for consumer in consumers}:
        named = find_consumer(request.actor, product, public_id=wanted)
        consumers += [named] if named else []
    return consumers
