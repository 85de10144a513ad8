"""Plans on sale, with quotas and rate limits where a test asks for them."""

import datetime as dt
from typing import Any

import factory

from apps.plans.enums import QuotaPeriodUnit, RateWindow
from apps.plans.models import Plan, PriceTier, Quota, RateLimit
from tests.database import unguarded
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


class _TermFactory(factory.django.DjangoModelFactory[Any]):
    """A term that the version has from the beginning, also where the plan was committed before."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: type[Any], *args: Any, **kwargs: Any) -> Any:
        with unguarded():
            return super()._create(model_class, *args, **kwargs)


class QuotaFactory(_TermFactory):
    class Meta:
        model = Quota

    plan = factory.SubFactory(PlanFactory)
    name = "monthly"
    included_units = 1000
    period = QuotaPeriodUnit.MONTH


class PriceTierFactory(_TermFactory):
    class Meta:
        model = PriceTier


class RateLimitFactory(_TermFactory):
    class Meta:
        model = RateLimit

    plan = factory.SubFactory(PlanFactory)
    name = "per-minute"
    max_calls = 60
    window = RateWindow.MINUTE
