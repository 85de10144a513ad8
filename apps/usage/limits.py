"""The limits of a subscription's plan in the form that the counters take."""

from dataclasses import dataclass

from django.conf import settings

from apps.plans.models import Plan, RateLimit
from apps.subscriptions.models import Subscription
from apps.subscriptions.overage import extra_units_of, is_capped
from apps.usage.counters.types import QuotaRule, RateRule

# The policy of calls with test keys.
TEST_CALLS = "test-per-hour"
_HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Limits:
    """All hold at once. An endpoint (by primary key) with rate limits of its own has these in place of `rates`."""

    rates: tuple[RateRule, ...]
    endpoint_rates: dict[int, tuple[RateRule, ...]]
    quotas: tuple[QuotaRule, ...]
    max_concurrent: int | None = None  # calls in flight at once, over all endpoints


@dataclass(frozen=True, slots=True)
class PlanRates:
    """The rate limits of a plan, the same for all who have it: its own, and those of single endpoints."""

    own: tuple[RateRule, ...]
    by_endpoint: dict[int, tuple[RateRule, ...]]


def rates_of(plan: Plan) -> PlanRates:
    rates: dict[int | None, tuple[RateRule, ...]] = {}
    for limit in plan.rate_limits.all():
        rates[limit.endpoint_id] = (*rates.get(limit.endpoint_id, ()), _rate_rule(limit))
    own = rates.pop(None, ())
    return PlanRates(own, {endpoint: rules for endpoint, rules in rates.items() if endpoint is not None})


def limits_of(subscription: Subscription, rates: PlanRates | None = None) -> Limits:
    """What plan and consumer allow; `rates` are those of the plan where they are at hand.

    Quotas of the subscription's own periods are counted from its anchor.
    """
    plan = subscription.plan
    rates = rates or rates_of(plan)
    return Limits(
        rates=rates.own,
        endpoint_rates=rates.by_endpoint,
        quotas=tuple(
            QuotaRule(
                name=quota.name,
                included_units=quota.included_units,
                period=quota.period,
                anchor=quota.anchor,
                anchored_at=subscription.anchored_at,
                extra_units=extra_units_of(subscription, quota),
                is_capped=is_capped(subscription, quota),
            )
            for quota in plan.quotas.all()
        ),
        max_concurrent=plan.max_concurrent,
    )


def test_limits() -> Limits:
    """What calls with test keys of a subscription share: an allowance of their own, and no quota."""
    rule = RateRule(
        counter="test", name=TEST_CALLS, max_calls=settings.TEST_CALLS_PER_HOUR, window_ms=_HOUR_SECONDS * 1000
    )
    return Limits(rates=(rule,), endpoint_rates={}, quotas=())


def _rate_rule(limit: RateLimit) -> RateRule:
    """Counters of a plan's own limits and of an endpoint's never share a name."""
    owner = f"plan:{limit.plan_id}" if limit.endpoint_id is None else f"ep:{limit.endpoint_id}"
    return RateRule(
        counter=f"{owner}:{limit.window}",
        name=limit.name,
        max_calls=limit.max_calls,
        window_ms=limit.window_seconds * 1000,
    )
