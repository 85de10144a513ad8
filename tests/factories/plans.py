"""Plans on sale, with quotas and rate limits where a test asks for them."""

import datetime as dt

import factory

from apps.plans.enums import QuotaPeriodUnit, RateWindow
from apps.plans.models import Plan, Quota, RateLimit
from tests.factories.products import TierFactory


class PlanFactory(factory.django.DjangoModelFactory[Plan]):
    """A free plan that is on sale."""

    class Meta:
        model = Plan

    tier = factory.SubFactory(TierFactory)
    product = factory.SelfAttribute("tier.product")
    slug = factory.Sequence(lambda number: f"plan-{number}")
    name = factory.Sequence(lambda number: f"Plan {number}")
    published_at = factory.LazyFunction(lambda: dt.datetime.now(dt.UTC))


class QuotaFactory(factory.django.DjangoModelFactory[Quota]):
    class Meta:
        model = Quota

    plan = factory.SubFactory(PlanFactory)
    name = "monthly"
    included_units = 1000
    period = QuotaPeriodUnit.MONTH


class RateLimitFactory(factory.django.DjangoModelFactory[RateLimit]):
    class Meta:
        model = RateLimit

    plan = factory.SubFactory(PlanFactory)
    name = "per-minute"
    max_calls = 60
    window = RateWindow.MINUTE
