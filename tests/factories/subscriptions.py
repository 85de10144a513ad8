"""Subscriptions that the gateway would let through."""

import datetime as dt

import factory

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
    started_at = factory.LazyFunction(lambda: dt.datetime.now(dt.UTC))
    anchored_at = factory.SelfAttribute("started_at")
