"""What the usage and the request log of a product are narrowed to: a consumer, an endpoint, a time."""

from dataclasses import dataclass

from apps.portal.access import PortalRequest
from apps.portal.console.filters import LogFilters, read_filters
from apps.products.models import Endpoint, Product
from apps.products.selectors import find_endpoint, list_endpoints
from apps.subscriptions.models import Subscription
from apps.subscriptions.selectors import find_consumer, list_consumers
from apps.usage.selectors import Scope

# How many a filter offers to choose from; any other can be named in the address.
CHOICES_MAX = 200


@dataclass(frozen=True)
class ProductFilters:
    """The filters, what each can be set to, and the calls that they mean."""

    filters: LogFilters
    consumers: list[Subscription]
    endpoints: list[Endpoint]
    scope: Scope


def read_product_filters(request: PortalRequest, product: Product) -> ProductFilters:
    """Look up what the address filters by among the consumers and endpoints of the product."""
    consumers, endpoints = _consumers(request, product), _endpoints(request, product)
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


def _endpoints(request: PortalRequest, product: Product) -> list[Endpoint]:
    wanted = request.GET.get("endpoint", "").replace("\x00", "")
    endpoints = list(list_endpoints(product)[:CHOICES_MAX])
    if wanted and wanted not in {endpoint.public_id for endpoint in endpoints}:
        named = find_endpoint(product, public_id=wanted)
        endpoints += [named] if named else []
    return endpoints
