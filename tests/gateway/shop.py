"""A product behind a gateway and a consumer with a key, in one line."""

from dataclasses import dataclass
from typing import Any

from apps.keys import secret as key_secret
from apps.keys.models import ApiKey
from apps.plans.models import Plan
from apps.products.models import Endpoint, Product, Tier
from apps.products.paths import parse_template
from apps.subscriptions.models import Subscription
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import PlanFactory, QuotaFactory, RateLimitFactory
from tests.factories.products import EndpointFactory, ProductFactory, TierFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.fakes.upstream import FakeUpstream, Handler
from tests.gateway.server import RunningGateway
from tests.gateway.wire import Headers, Reply, call


@dataclass
class Shop:
    gateway: RunningGateway
    upstream: FakeUpstream
    product: Product
    tier: Tier
    plan: Plan
    subscription: Subscription
    key: ApiKey
    secret: str

    def url(self, path: str) -> str:
        return f"{self.gateway.url}/{self.product.slug}{path}"

    def call(self, path: str, method: str = "GET", headers: Headers = (), body: bytes | None = None) -> Reply:
        """A call with the consumer's key."""
        return call(self.url(path), method, [("X-Api-Key", self.secret), *headers], body)

    def anonymous(self, path: str, method: str = "GET", headers: Headers = (), body: bytes | None = None) -> Reply:
        return call(self.url(path), method, headers, body)

    def endpoint(self, path: str, method: str = "GET", **fields: Any) -> Endpoint:
        return EndpointFactory(
            tier=fields.pop("tier", self.tier),
            product=self.product,
            method=method,
            path=path,
            pattern=parse_template(path).pattern,
            **fields,
        )

    def head(self, method: str = "GET", lines: str = "") -> bytes:
        """The head of a call of `/things` with the consumer's key, as it stands on the wire."""
        path = f"/{self.product.slug}/things"
        return f"{method} {path} HTTP/1.1\r\nHost: gw\r\nX-Api-Key: {self.secret}\r\n{lines}\r\n".encode()

    def backend_does(self, handler: Handler) -> None:
        """What the backend answers a call of `/things` with."""
        self.upstream.handlers[f"/{self.product.slug}-backend/things"] = handler

    @property
    def received(self) -> list[Any]:
        """What the backend got on behalf of this product."""
        own = f"{self.product.slug}-backend"
        return [request for request in self.upstream.requests if request.target.startswith(f"/{own}/")]

    @property
    def outcomes(self) -> list[Any]:
        return self.gateway.metering.outcomes(self.subscription.pk)

    @property
    def rejections(self) -> list[Any]:
        return [call for call in self.gateway.metering.rejected if call.product_id == self.product.pk]


def open_shop(
    gateway: RunningGateway,
    upstream: FakeUpstream,
    *,
    paths: tuple[tuple[str, str], ...] = (("GET", "/things"), ("POST", "/things"), ("GET", "/things/{id}")),
    quota: int | None = None,
    per_minute: int | None = None,
    max_concurrent: int | None = None,
    **product: Any,
) -> Shop:
    """A product with these endpoints, a free plan on sale, and a subscription with a key.

    The backend sees its calls below `/<slug>-backend`.
    """
    row = ProductFactory(**product)
    if "upstream_url" not in product:
        row.upstream_url = f"{upstream.url}/{row.slug}-backend"
        row.save()
    tier = TierFactory(product=row, rank=10)
    plan = PlanFactory(tier=tier, max_concurrent=max_concurrent)
    if quota is not None:
        QuotaFactory(plan=plan, included_units=quota)
    if per_minute is not None:
        RateLimitFactory(plan=plan, max_calls=per_minute)
    subscription = SubscriptionFactory(plan=plan)
    made = key_secret.generate()
    key = ApiKeyFactory(subscription=subscription, generated=made)
    shop = Shop(gateway, upstream, row, tier, plan, subscription, key, made.secret)
    for method, path in paths:
        shop.endpoint(path, method)
    return shop
