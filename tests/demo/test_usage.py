"""The past usage of the demo: what the gateway and the meter could have left, and nothing else."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest
from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from apps.demo.usage import HISTORY
from apps.plans.models import Quota
from apps.plans.periods import period_at
from apps.subscriptions.models import Subscription
from apps.usage.metering import latency_index
from apps.usage.models import Rejection, UsageEvent, UsageRollup
from tests.demo.loading import Demo, loaded_demo

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def demo(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker) -> Iterator[Demo]:
    with django_db_blocker.unblock(), loaded_demo(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


def units_by_period(subscription: Subscription, quota: Quota) -> Counter[dt.datetime]:
    """The units of each period of the quota, by its start."""
    used: Counter[dt.datetime] = Counter()
    events = UsageEvent.objects.filter(subscription=subscription, quota_epoch=subscription.quota_epoch)
    for at, units in events.values_list("occurred_at", "units"):
        used[period_at(quota.period, quota.anchor, subscription.anchored_at, at)[0]] += units
    return used


def test_rollups_are_the_sums_of_the_events() -> None:
    sums: dict[tuple[object, ...], list[int]] = defaultdict(lambda: [0] * 6)
    latencies: dict[tuple[object, ...], Counter[int]] = defaultdict(Counter)
    for event in UsageEvent.objects.all():
        hour = event.occurred_at.replace(minute=0, second=0, microsecond=0)
        row = (
            hour,
            event.subscription_id,
            event.product_id,
            event.endpoint_id,
            event.api_key_id,
            event.quota_epoch,
        )
        for position, value in enumerate(
            (
                1,
                event.units,
                400 <= event.status < 500,
                event.status >= 500,
                event.request_bytes,
                event.response_bytes,
            )
        ):
            sums[row][position] += value
        latencies[row][latency_index(event.origin_us / 1000)] += 1
    assert len(sums) == UsageRollup.objects.count() > 1000
    for rollup in UsageRollup.objects.all():
        row = (
            rollup.hour,
            rollup.subscription_id,
            rollup.product_id,
            rollup.endpoint_id,
            rollup.api_key_id,
            rollup.quota_epoch,
        )
        assert sums[row] == [
            rollup.calls,
            rollup.units,
            rollup.client_errors,
            rollup.server_errors,
            rollup.request_bytes,
            rollup.response_bytes,
        ]
        assert latencies[row] == +Counter(dict(enumerate(rollup.latency_counts)))


def test_no_subscription_is_above_a_quota_and_each_has_room_left() -> None:
    now = timezone.now()
    for subscription in Subscription.objects.select_related("plan"):
        for quota in subscription.plan.quotas.all():
            used = units_by_period(subscription, quota)
            assert max(used.values()) <= quota.included_units
            current = period_at(quota.period, quota.anchor, subscription.anchored_at, now)[0]
            assert used[current] <= 0.9 * quota.included_units, (subscription, quota)


def test_no_rate_limit_was_exceeded() -> None:
    for subscription in Subscription.objects.select_related("plan"):
        limits = list(subscription.plan.rate_limits.all())
        with_own = {limit.endpoint_id for limit in limits if limit.endpoint_id}
        for limit in limits:
            events = UsageEvent.objects.filter(subscription=subscription).order_by("occurred_at")
            events = (
                events.filter(endpoint=limit.endpoint_id)
                if limit.endpoint_id
                else events.exclude(endpoint__in=with_own)
            )
            times = list(events.values_list("occurred_at", flat=True))
            window = dt.timedelta(seconds=limit.window_seconds)
            for first, beyond in zip(times, times[limit.max_calls :], strict=False):
                assert beyond - first >= window, (subscription, limit)


def test_nobody_called_above_their_tier_before_their_time_or_in_the_future() -> None:
    now = timezone.now()
    started = dict(Subscription.objects.values_list("pk", "started_at"))
    for subscription, at in UsageEvent.objects.values_list("subscription", "occurred_at"):
        assert max(now - HISTORY - dt.timedelta(minutes=5), started[subscription]) <= at < now
    above = F("subscription__plan__tier__rank")
    assert not UsageEvent.objects.filter(endpoint__tier__rank__gt=above).exists()


def test_an_event_names_things_that_belong_together() -> None:
    strangers = ~Q(api_key__subscription=F("subscription")) | ~Q(subscription__product=F("product"))
    assert not UsageEvent.objects.filter(strangers | ~Q(endpoint__product=F("product"))).exists()


def test_what_is_billed_is_the_weight_of_answers_below_500() -> None:
    assert not UsageEvent.objects.filter(status__lt=500).exclude(units=F("endpoint__weight")).exists()
    assert not UsageEvent.objects.filter(status__gte=500).exclude(units=0).exists()
    assert not UsageEvent.objects.filter(duration_us__lte=F("origin_us")).exists()
    assert UsageEvent.objects.filter(units=5).exists()


def test_every_subscription_has_usage_and_some_answers_are_errors() -> None:
    calls = dict(UsageEvent.objects.values_list("subscription").annotate(Count("id")))
    assert set(calls) == set(Subscription.objects.values_list("pk", flat=True))
    assert min(calls.values()) > 20
    statuses = Counter(UsageEvent.objects.values_list("status", flat=True))
    good = sum(count for status, count in statuses.items() if status < 400)
    assert good / sum(statuses.values()) > 0.9
    assert {200, 400, 404, 502, 504} <= set(statuses)


def test_ids_are_unique_and_tell_their_time() -> None:
    rows = [*UsageEvent.objects.values_list("id", "occurred_at"), *Rejection.objects.values_list("id", "occurred_at")]
    assert len({number for number, _ in rows}) == len(rows)
    for number, at in rows:
        assert (number.version, number.variant) == (7, "specified in RFC 4122")
        assert number.int >> 80 == round(at.timestamp() * 1000)


def test_rejections_say_why() -> None:
    codes = dict(Rejection.objects.values_list("code").annotate(Count("id")))
    assert set(codes) == {"rate_limited", "quota_exceeded", "plan_upgrade_required", "key_invalid", "key_missing"}
    for rejection in Rejection.objects.select_related("endpoint__tier", "subscription__plan__tier"):
        if rejection.code.startswith("key_"):
            assert (rejection.status, rejection.subscription, rejection.api_key_id) == (401, None, None)
            continue
        plan = rejection.subscription.plan
        if rejection.code == "plan_upgrade_required":
            assert rejection.status == 403
            assert rejection.endpoint.tier.rank > plan.tier.rank
        elif rejection.code == "quota_exceeded":
            assert rejection.status == 429
            assert plan.quotas.get(name=rejection.policy).included_units == rejection.limit
            assert rejection.counter + rejection.endpoint.weight > rejection.limit
        else:
            assert rejection.status == 429
            limits = plan.rate_limits.filter(name=rejection.policy, max_calls=rejection.limit)
            assert limits.filter(endpoint=None).exists() or limits.filter(endpoint=rejection.endpoint).exists()
            assert rejection.counter == rejection.limit


def test_a_quota_that_refused_was_really_used_up() -> None:
    refused = Rejection.objects.filter(code="quota_exceeded").select_related("subscription__plan")
    assert refused.exists()
    for rejection in refused:
        subscription = rejection.subscription
        quota = subscription.plan.quotas.get(name=rejection.policy)
        start, _ = period_at(quota.period, quota.anchor, subscription.anchored_at, rejection.occurred_at)
        used = UsageEvent.objects.filter(
            subscription=subscription, occurred_at__gte=start, occurred_at__lt=rejection.occurred_at
        ).aggregate(units=Sum("units"))["units"]
        assert used == rejection.counter


def test_a_second_load_adds_no_usage(demo: Demo) -> None:
    count = UsageEvent.objects.count()
    demo.load()
    assert UsageEvent.objects.count() == count
