"""The use of keys for a list of them: calls, errors and the last use of each, in the same number of queries."""

import datetime as dt

import pytest

from apps.keys.models import ApiKey
from apps.usage.selectors import KeyStatistics, key_statistics
from tests.factories.keys import ApiKeyFactory
from tests.factories.products import EndpointFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.usage import store_calls
from tests.queries import assert_flat

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 22, 8, 30, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DAY = 24 * HOUR


def test_each_key_by_itself() -> None:
    subscription = SubscriptionFactory()
    endpoint, other = (EndpointFactory(tier=subscription.plan.tier) for _ in range(2))
    used, old, unused = ApiKeyFactory.create_batch(3, subscription=subscription)
    store_calls(used, endpoint, 2, at=NOW - HOUR)
    store_calls(used, other, 1, at=NOW - HOUR, status=404)
    store_calls(used, endpoint, 1, at=NOW - DAY, status=502)
    store_calls(used, endpoint, 4, at=NOW - DAY - HOUR)
    store_calls(used, endpoint, 8, at=NOW - 31 * DAY)
    store_calls(old, endpoint, 1, at=NOW - 90 * DAY)
    store_calls(ApiKeyFactory(), EndpointFactory(), 5, at=NOW)
    found = key_statistics(subscription, [used, old, unused], NOW)
    # The last 24 hours begin with a whole hour: the call of 24 hours and 30 minutes ago counts, too.
    assert (found[used.pk].calls_in_a_day, found[used.pk].errors_in_a_day) == (4, 2)
    assert (found[used.pk].calls_in_30_days, found[used.pk].errors_in_30_days) == (8, 2)
    assert found[used.pk].last_used_at == NOW - HOUR
    assert found[used.pk].calls_by_day == (*[0] * 28, 5, 3)
    assert found[old.pk] == KeyStatistics(last_used_at=NOW - 90 * DAY)
    assert found[unused.pk] == KeyStatistics()
    assert key_statistics(subscription, [], NOW) == {}


def test_many_keys_cost_no_more_queries() -> None:
    subscription = SubscriptionFactory()
    endpoint = EndpointFactory(tier=subscription.plan.tier)

    def grow(number: int) -> None:
        for key in ApiKeyFactory.create_batch(number, subscription=subscription):
            store_calls(key, endpoint, at=NOW)

    def read() -> list[int]:
        keys = list(ApiKey.objects.filter(subscription=subscription))
        return [one.calls_in_30_days for one in key_statistics(subscription, keys, NOW).values()]

    assert_flat(grow, read)
