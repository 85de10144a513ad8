"""A plan as the marketplace shows it: what it allows in words, and what it opens."""

from collections.abc import Mapping
from dataclasses import dataclass

from apps.plans.models import Plan, RateLimit
from apps.portal.wording import (
    beyond_in_words,
    quotas_in_words,
    rate_limit_in_words,
    rate_limits_in_words,
    trial_in_words,
)
from apps.products.models import Endpoint


@dataclass(frozen=True)
class Override:
    """A rate limit that holds at one endpoint in place of the plan's own."""

    endpoint: Endpoint
    text: str


@dataclass(frozen=True)
class Offer:
    """A plan on sale. It opens `opened` of the product's `endpoints`."""

    plan: Plan
    quotas: str
    beyond: str  # what happens once they are used up; empty without any
    rate_limits: str
    overrides: tuple[Override, ...]
    opened: int
    endpoints: int
    trial: str  # in words; empty without one
    is_pay_as_you_go: bool

    @property
    def opens_all(self) -> bool:
        return self.opened == self.endpoints


def offer(plan: Plan, endpoints_by_rank: Mapping[int, int]) -> Offer:
    """`plan` comes with its tier, quotas and rate limits; `endpoints_by_rank` counts those that require each tier."""
    return Offer(
        plan=plan,
        quotas=quotas_in_words(plan),
        beyond=beyond_in_words(plan),
        rate_limits=rate_limits_in_words(plan),
        overrides=tuple(_override(limit) for limit in plan.rate_limits.all() if limit.endpoint is not None),
        opened=sum(count for rank, count in endpoints_by_rank.items() if rank <= plan.tier.rank),
        endpoints=sum(endpoints_by_rank.values()),
        trial=trial_in_words(plan),
        is_pay_as_you_go=plan.is_pay_as_you_go,
    )


def _override(limit: RateLimit) -> Override:
    assert limit.endpoint is not None
    return Override(limit.endpoint, rate_limit_in_words(limit))
