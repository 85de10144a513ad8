"""The terms of a plan are read once for all of its keys; those of a draft may still change and are read each time."""

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.gateway import selectors
from apps.gateway.plans import PlanMemo
from apps.plans.models import Plan
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import PlanFactory, QuotaFactory, RateLimitFactory
from tests.factories.subscriptions import SubscriptionFactory

pytestmark = pytest.mark.django_db


def test_keys_of_one_plan_share_its_terms(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    plan = PlanFactory()
    RateLimitFactory(plan=plan)
    QuotaFactory(plan=plan)
    one, other = (ApiKeyFactory(subscription=SubscriptionFactory(plan=plan)) for _ in range(2))
    memo = PlanMemo(10)
    first = selectors.find_key(bytes(one.digest), memo.find)
    with django_assert_num_queries(1):
        second = selectors.find_key(bytes(other.digest), memo.find)
    assert first is not None
    assert second is not None
    # The same object: metering works out what follows from it only once, and it takes its memory only once.
    assert second.entitlement.rates is first.entitlement.rates
    # What belongs to the subscription is its own.
    assert second.entitlement.subscription_id == other.subscription_id
    assert [rule.anchored_at for rule in second.entitlement.quotas] == [other.subscription.anchored_at]


def test_a_draft_is_read_anew() -> None:
    plan = PlanFactory(published_at=None)
    memo = PlanMemo(10)
    assert memo.find(plan.pk).rates.own == ()
    RateLimitFactory(plan=plan)
    assert len(memo.find(plan.pk).rates.own) == 1
    assert len(memo) == 0


def test_only_so_many_are_kept_the_last_used_ones() -> None:
    one, two, three = (PlanFactory() for _ in range(3))
    memo = PlanMemo(2)
    kept = memo.find(one.pk)
    dropped = memo.find(two.pk)
    memo.find(one.pk)
    memo.find(three.pk)
    assert len(memo) == 2
    assert memo.find(one.pk) is kept
    assert memo.find(two.pk) is not dropped


def test_a_plan_that_does_not_exist() -> None:
    with pytest.raises(Plan.DoesNotExist):
        PlanMemo(1).find(0)
