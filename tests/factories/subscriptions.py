"""Subscriptions that the gateway would let through, extra units too where the plan has such."""

import datetime as dt
from typing import Any

import factory

from apps.core import clock
from apps.plans.periods import period_at
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from tests.factories.accounts import OrganizationFactory
from tests.factories.plans import PlanFactory


class SubscriptionFactory(factory.django.DjangoModelFactory[Subscription]):
    class Meta:
        model = Subscription

    organization = factory.SubFactory(OrganizationFactory)
    plan = factory.SubFactory(PlanFactory)
    product = factory.SelfAttribute("plan.product")
    status = SubscriptionStatus.ACTIVE
    overage_allowed = True
    started_at = factory.LazyFunction(lambda: dt.datetime.now(dt.UTC))
    anchored_at = factory.SelfAttribute("started_at")
    current_period_start = factory.LazyAttribute(lambda one: _running_period(one)[0])
    current_period_end = factory.LazyAttribute(lambda one: _running_period(one)[1])


def _running_period(made: Any) -> tuple[dt.datetime | None, dt.datetime | None]:
    if made.status not in SubscriptionStatus.begun():
        return None, None
    return period_at(made.plan.interval, "subscription", made.anchored_at, max(made.anchored_at, clock.now()))
