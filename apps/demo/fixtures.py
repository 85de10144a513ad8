"""The demo marketplace as data: `fixtures/demo/*.json`, read into frozen dataclasses.

An unknown field or a missing one is an error at once (`TypeError`), not a surprise later.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Person:
    email: str
    name: str
    role: str  # in words, for people; `staff` makes a superuser


@dataclass(frozen=True)
class Member:
    email: str
    role: str  # apps.accounts.enums.Role


@dataclass(frozen=True)
class Company:
    """An organization that is not a personal one."""

    slug: str
    name: str
    owner: str
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Answer:
    """What a share of an endpoint's past calls was answered with."""

    path: str
    share: float
    status: int
    origin_ms: float  # the median
    bytes: int


@dataclass(frozen=True)
class EndpointFixture:
    method: str
    path: str
    tier: str
    answers: tuple[Answer, ...]
    operation: dict[str, Any]
    upstream_path: str = ""
    weight: int = 1

    @property
    def name(self) -> str:
        """`GET /forecast`: how plans and traffic refer to it."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class QuotaFixture:
    included_units: int
    period: str
    anchor: str = "subscription"


@dataclass(frozen=True)
class RateLimitFixture:
    max_calls: int
    window: str
    endpoint: str | None = None


@dataclass(frozen=True)
class PlanFixture:
    name: str
    tier: str
    description: str
    quotas: tuple[QuotaFixture, ...]
    rate_limits: tuple[RateLimitFixture, ...]
    price_amount: int = 0


@dataclass(frozen=True)
class ProductFixture:
    organization: str
    backend: str  # which of `settings.DEMO_BACKENDS`
    slug: str
    name: str
    tagline: str
    description: str
    published_days_ago: int
    example_path: str  # a GET that every plan opens
    tiers: tuple[str, ...]
    plans: tuple[PlanFixture, ...]
    endpoints: tuple[EndpointFixture, ...]

    def endpoints_by_name(self) -> dict[str, EndpointFixture]:
        return {endpoint.name: endpoint for endpoint in self.endpoints}


@dataclass(frozen=True)
class KeyFixture:
    name: str
    share: float  # of the subscription's calls


@dataclass(frozen=True)
class Traffic:
    """How a consumer called in the past days."""

    calls_a_day: float
    weekend_factor: float
    rhythm: str  # one of `traffic.RHYTHMS`
    endpoints: dict[str, float]  # share of the calls by endpoint name, plan or not
    bursts_a_day: float = 0.0
    burst_calls: int = 0
    busy_days_ago: tuple[int, ...] = ()
    busy_factor: float = 1.0


@dataclass(frozen=True)
class SubscriptionFixture:
    consumer: str  # the slug of an organization, or the address of a person (their personal one)
    product: str
    plan: str
    started_days_ago: int
    keys: tuple[KeyFixture, ...]
    traffic: Traffic


@dataclass(frozen=True)
class Marketplace:
    people: tuple[Person, ...]
    companies: tuple[Company, ...]
    products: tuple[ProductFixture, ...]
    subscriptions: tuple[SubscriptionFixture, ...]


def read_marketplace(folder: Path) -> Marketplace:
    """Read all of `fixtures/demo`. Raises `TypeError` or `ValueError` where a file is not what it should be."""
    return Marketplace(
        people=tuple(Person(**row) for row in _read(folder / "people.json")),
        companies=tuple(_company(**row) for row in _read(folder / "organizations.json")),
        products=tuple(_product(path) for path in sorted((folder / "products").iterdir())),
        subscriptions=tuple(_subscription(**row) for row in _read(folder / "subscriptions.json")),
    )


def _company(members: list[dict[str, Any]], **row: Any) -> Company:
    return Company(members=tuple(Member(**member) for member in members), **row)


def _product(folder: Path) -> ProductFixture:
    row = _read(folder / "product.json")
    row["tiers"] = tuple(row["tiers"])
    row["plans"] = tuple(_plan(**plan) for plan in row["plans"])
    endpoints = tuple(_endpoint(**_read(path)) for path in sorted((folder / "endpoints").glob("*.json")))
    return ProductFixture(endpoints=endpoints, **row)


def _endpoint(answers: list[dict[str, Any]], **row: Any) -> EndpointFixture:
    return EndpointFixture(answers=tuple(Answer(**answer) for answer in answers), **row)


def _plan(quotas: list[dict[str, Any]], rate_limits: list[dict[str, Any]], **row: Any) -> PlanFixture:
    return PlanFixture(
        quotas=tuple(QuotaFixture(**quota) for quota in quotas),
        rate_limits=tuple(RateLimitFixture(**limit) for limit in rate_limits),
        **row,
    )


def _subscription(keys: list[dict[str, Any]], traffic: dict[str, Any], **row: Any) -> SubscriptionFixture:
    busy = tuple(traffic.pop("busy_days_ago", ()))
    return SubscriptionFixture(
        keys=tuple(KeyFixture(**key) for key in keys), traffic=Traffic(busy_days_ago=busy, **traffic), **row
    )


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
