"""What the directory knows of products and keys: plain, frozen data."""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum, auto

from apps.gateway.engine.admission.networks import NetworkRule
from apps.gateway.engine.admission.routes import Endpoint, RouteTable
from apps.gateway.engine.messages.request import Header
from apps.keys.enums import KeyScope
from apps.usage.counters.types import QuotaRule, RateRule


@dataclass(frozen=True, slots=True)
class MockAnswer:
    """What the documentation of an endpoint says that it answers; `headers` have the length of the body."""

    status: int
    headers: list[Header]
    body: bytes


class ProductState(StrEnum):
    OPEN = auto()  # published, or unpublished: existing subscriptions go on
    HIDDEN = auto()  # a draft: nobody but existing subscribers may know that it exists
    SUSPENDED = auto()
    RETIRED = auto()


class Standing(StrEnum):
    """What the status of a subscription means for its calls."""

    OPEN = auto()
    UNPAID = auto()
    INACTIVE = auto()


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """A plan on sale: what a refused consumer is told to upgrade to."""

    slug: str
    name: str
    tier_rank: int
    sold_to: frozenset[int] | None  # the organizations that may have it; None: everybody


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a backend may take."""

    connect_seconds: float
    first_byte_seconds: float
    idle_seconds: float  # between two pieces of an answer
    total_seconds: float | None  # for the whole call; None: no limit


@dataclass(frozen=True, slots=True)
class RecordingWish:
    """What of its calls a product wants to be written down."""

    headers: bool
    bodies: bool


@dataclass(frozen=True, slots=True)
class ProductEntry:
    id: int
    slug: str
    state: ProductState
    upstream_url: str  # without a trailing slash
    test_upstream_url: str  # where calls with a test key go; "": they get the examples of the documentation
    proxy_secret: str
    max_body_bytes: int
    timeouts: Timeouts
    recording: RecordingWish | None  # None: nothing
    billable_statuses: tuple[int, ...] | None
    rapidapi_compatible: bool
    units_header: bytes  # in which the backend reports units, in lower case; b"": it does not
    routes: RouteTable
    offers: tuple[PlanOffer, ...]  # the cheapest first
    deprecated_at: dt.datetime | None = None
    retires_at: dt.datetime | None = None
    networks: NetworkRule | None = None  # where its calls may come from
    requires_signature: bool = False
    next_proxy_secret: str = ""  # signs beside the other one while it is prepared

    def cheapest_offer(self, tier_rank: int, organization_id: int) -> PlanOffer | None:
        """The cheapest plan on sale for the organization that opens endpoints of this rank."""
        for offer in self.offers:
            if offer.tier_rank >= tier_rank and (offer.sold_to is None or organization_id in offer.sold_to):
                return offer
        return None


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What a subscription may do under its plan."""

    subscription_id: int
    product_id: int
    plan_id: int
    organization_id: int
    consumer: str  # a pseudonym, the same for all calls of this consumer to this product
    plan_slug: str
    plan_name: str
    standing: Standing
    advice: str  # what is wrong with the subscription and what to do; empty where it is in order
    tier_rank: int
    quota_epoch: int
    rates: tuple[RateRule, ...]
    endpoint_rates: dict[int, tuple[RateRule, ...]]
    quotas: tuple[QuotaRule, ...]
    max_concurrent: int | None = None

    def rates_for(self, endpoint: Endpoint) -> tuple[RateRule, ...]:
        """The limits of the endpoint where the plan has such, else the plan's own."""
        return self.endpoint_rates.get(endpoint.id, self.rates)


@dataclass(frozen=True, slots=True)
class KeyEntry:
    id: int
    is_test: bool  # called with for tests: another backend, and no units
    is_revoked: bool
    expires_at: dt.datetime | None
    scopes: frozenset[KeyScope]  # empty: everything
    networks: NetworkRule | None  # where it works from
    entitlement: Entitlement  # of a test key with the limits of test calls in place of the plan's
    public_id: str = ""  # how a signature names it
    signing_key: bytes = field(default=b"", repr=False)
