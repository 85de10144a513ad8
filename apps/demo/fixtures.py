"""The demo marketplace as data: `fixtures/demo/*.json`, read into frozen dataclasses.

An unknown field or a missing one is an error at once (`TypeError`), not a surprise later.
"""

import datetime as dt
import json
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from apps.plans.pricing import TierPrice


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
    # Of one that is imported or built in, the documentation is the product's own affair.
    operation: dict[str, Any] = field(default_factory=dict)
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
    overage: str = "block"
    overage_unit_amount: Decimal | None = None
    overage_max_units: int | None = None
    price_tiers: tuple[TierPrice, ...] = ()


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
    interval: str = "month"
    requires_approval: bool = False
    visibility: str = "public"
    trial_days: int = 0
    trial_requires_card: bool = False


@dataclass(frozen=True)
class ImportFixture:
    """Endpoints come from the document that the backend serves at `path`."""

    path: str
    tier: str  # of every endpoint, but for those that are `opened` to another
    opened: dict[str, tuple[str, ...]]  # tier → endpoint names


@dataclass(frozen=True)
class ChangelogFixture:
    days_ago: int
    title: str
    body: str
    version: str = ""


@dataclass(frozen=True)
class QuestionFixture:
    question: str
    answer: str


@dataclass(frozen=True)
class SupportFixture:
    kind: str
    value: str
    note: str = ""
    tier: str = ""  # empty: for everybody


@dataclass(frozen=True)
class DeprecationFixture:
    endpoint: str
    days_ago: int
    sunset_in_days: int  # from the load
    note: str


@dataclass(frozen=True)
class ProductFixture:
    organization: str
    backend: str  # which of `settings.DEMO_BACKENDS`
    slug: str
    name: str
    tagline: str
    description: str
    category: str
    tags: tuple[str, ...]
    version: str
    published_days_ago: int
    example_path: str  # a GET that every plan opens
    tiers: tuple[str, ...]
    plans: tuple[PlanFixture, ...]
    endpoints: tuple[EndpointFixture, ...]  # of an import, those that have traffic
    changelog: tuple[ChangelogFixture, ...]
    faq: tuple[QuestionFixture, ...]
    support: tuple[SupportFixture, ...]
    deprecated: tuple[DeprecationFixture, ...] = ()
    imported: ImportFixture | None = None
    has_test_backend: bool = False

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
    """The keys and the calls of a consumer's first subscription to a product; `story.json` says when it begins."""

    consumer: str  # the slug of an organization, or the address of a person (their personal one)
    product: str
    keys: tuple[KeyFixture, ...]
    traffic: Traffic


@dataclass(frozen=True)
class Act:
    """What somebody did at some instant; `do` is a verb of `acts.Acts`, which says what the rest means."""

    do: str
    who: str  # as `SubscriptionFixture.consumer`
    days_ago: int = 0
    time: str = ""  # of that day, UTC
    hours_ago: float = 0  # in place of the two
    product: str = ""
    plan: str = ""
    consumer: str = ""
    card: str = ""  # its number
    pays: bool = True
    is_declined: bool = False
    key: str = ""  # the name of a key or a token
    mode: str = "live"
    ends_in_days: int = 0  # from the act; 0: never
    scopes: tuple[str, ...] = ()

    def at(self, now: dt.datetime) -> dt.datetime:
        if not self.time:
            return now - dt.timedelta(hours=self.hours_ago)
        day = now - dt.timedelta(days=self.days_ago)
        clock = dt.time.fromisoformat(self.time)
        return day.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)


@dataclass(frozen=True)
class Marketplace:
    people: tuple[Person, ...]
    companies: tuple[Company, ...]
    products: tuple[ProductFixture, ...]
    subscriptions: tuple[SubscriptionFixture, ...]
    story: tuple[Act, ...]


def read_marketplace(folder: Path) -> Marketplace:
    """Read all of `fixtures/demo`. Raises `TypeError` or `ValueError` where a file is not what it should be."""
    return Marketplace(
        people=tuple(Person(**row) for row in _read(folder / "people.json")),
        companies=tuple(_company(**row) for row in _read(folder / "organizations.json")),
        products=tuple(_product(path) for path in sorted((folder / "products").iterdir())),
        subscriptions=tuple(_subscription(**row) for row in _read(folder / "subscriptions.json")),
        story=tuple(_act(**row) for row in _read(folder / "story.json")),
    )


def _company(members: list[dict[str, Any]], **row: Any) -> Company:
    return Company(members=tuple(Member(**member) for member in members), **row)


def _product(folder: Path) -> ProductFixture:
    row = _read(folder / "product.json")
    row["tiers"], row["tags"] = tuple(row["tiers"]), tuple(row["tags"])
    row["plans"] = tuple(_plan(**plan) for plan in row["plans"])
    row["changelog"] = tuple(ChangelogFixture(**entry) for entry in row["changelog"])
    row["faq"] = tuple(QuestionFixture(**entry) for entry in row["faq"])
    row["support"] = tuple(SupportFixture(**channel) for channel in row["support"])
    row["deprecated"] = tuple(DeprecationFixture(**each) for each in row.get("deprecated", ()))
    if "imported" in row:
        row["imported"] = _import(**row["imported"])
    endpoints = tuple(_endpoint(**_read(path)) for path in sorted((folder / "endpoints").glob("*.json")))
    return ProductFixture(endpoints=endpoints, **row)


def _endpoint(answers: list[dict[str, Any]], **row: Any) -> EndpointFixture:
    return EndpointFixture(answers=tuple(Answer(**answer) for answer in answers), **row)


def _import(opened: dict[str, list[str]], **row: Any) -> ImportFixture:
    return ImportFixture(opened={tier: tuple(names) for tier, names in opened.items()}, **row)


def _plan(quotas: list[dict[str, Any]], rate_limits: list[dict[str, Any]], **row: Any) -> PlanFixture:
    return PlanFixture(
        quotas=tuple(_quota(**quota) for quota in quotas),
        rate_limits=tuple(RateLimitFixture(**limit) for limit in rate_limits),
        **row,
    )


def _quota(
    overage_unit_amount: str | None = None, price_tiers: list[dict[str, Any]] | None = None, **row: Any
) -> QuotaFixture:
    tiers = tuple(
        TierPrice(tier.get("up_to_units"), Decimal(tier["unit_amount"]), tier.get("flat_amount", 0))
        for tier in price_tiers or ()
    )
    price = Decimal(overage_unit_amount) if overage_unit_amount else None
    return QuotaFixture(overage_unit_amount=price, price_tiers=tiers, **row)


def _act(scopes: list[str] | None = None, **row: Any) -> Act:
    return Act(scopes=tuple(scopes or ()), **row)


def _subscription(keys: list[dict[str, Any]], traffic: dict[str, Any], **row: Any) -> SubscriptionFixture:
    busy = tuple(traffic.pop("busy_days_ago", ()))
    return SubscriptionFixture(
        keys=tuple(KeyFixture(**key) for key in keys), traffic=Traffic(busy_days_ago=busy, **traffic), **row
    )


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
