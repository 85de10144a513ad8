"""The past of the demo: what the gateway, the meter and the billing jobs could have left, and nothing else."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest
from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from apps.accounts.models import AccessToken
from apps.billing.models import Checkout, Invoice, InvoiceLine
from apps.demo.usage import HISTORY
from apps.keys.models import ApiKey
from apps.ledger.models import JournalEntry
from apps.notifications.models import Notice
from apps.payments.models import Payment
from apps.plans.models import Plan, PlanGrant, Quota
from apps.plans.periods import period_at
from apps.products.models import Endpoint
from apps.subscriptions.models import Subscription, SubscriptionChange
from apps.subscriptions.selectors import list_due
from apps.usage.metering import latency_index
from apps.usage.models import Rejection, UsageEvent, UsageRollup
from apps.usage.services import REJECTIONS_KEPT
from tests.demo.loading import Demo, loaded_demo
from tests.processes import Server

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def demo(
    tmp_path_factory: pytest.TempPathFactory, httpbin_server: Server, django_db_setup: None, django_db_blocker
) -> Iterator[Demo]:
    with django_db_blocker.unblock(), loaded_demo(tmp_path_factory.mktemp("demo"), httpbin_server) as demo:
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


def plan_at(subscription: Subscription, at: dt.datetime) -> Plan:
    """The plan that it had."""
    return subscription.changes.filter(occurred_at__lte=at).order_by("occurred_at", "pk").last().to_plan


def test_no_subscription_is_above_a_quota_and_each_has_room_left() -> None:
    now = timezone.now()
    for subscription in Subscription.objects.select_related("plan"):
        for quota in subscription.plan.quotas.all():
            used = units_by_period(subscription, quota)
            assert max(used.values(), default=0) <= quota.ceiling_units
            current = period_at(quota.period, quota.anchor, subscription.anchored_at, now)[0]
            assert used[current] <= 0.9 * quota.ceiling_units, (subscription, quota)


def test_no_rate_limit_was_exceeded() -> None:
    for subscription in Subscription.objects.select_related("plan"):
        limits = list(subscription.plan.rate_limits.all())
        with_own = {limit.endpoint_id for limit in limits if limit.endpoint_id}
        for limit in limits:
            # Of the plan that it has now.
            events = UsageEvent.objects.filter(
                subscription=subscription, quota_epoch=subscription.quota_epoch
            ).order_by("occurred_at")
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
    assert set(calls) == set(Subscription.objects.exclude(current_period_start=None).values_list("pk", flat=True))
    assert len(calls) >= 12
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
        assert rejection.occurred_at >= timezone.now() - REJECTIONS_KEPT - dt.timedelta(minutes=5)
        plan = plan_at(rejection.subscription, rejection.occurred_at)
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


def test_invoices_are_numbered_in_the_order_of_time_and_all_is_settled() -> None:
    invoices = list(Invoice.objects.order_by("issued_at", "pk"))
    by_year: dict[int, list[str]] = defaultdict(list)
    for invoice in invoices:
        assert invoice.issued_at == invoice.created_at
        by_year[invoice.issued_at.year].append(invoice.number)
    for year, numbers in by_year.items():
        assert numbers == [f"INV-{year}-{number:06}" for number in range(1, len(numbers) + 1)]
    statuses = Counter(invoice.status for invoice in invoices)
    assert (statuses["open"], statuses["void"], statuses["paid"]) == (1, 1, len(invoices) - 2)
    assert statuses["paid"] >= 11
    assert not list_due(timezone.now()).exists()
    assert not Checkout.objects.filter(status="open", expires_at__lte=timezone.now()).exists()


def test_renewals_bear_the_date_of_their_period() -> None:
    renewals = list(Invoice.objects.filter(reason="renewal"))
    assert len(renewals) >= 4
    for invoice in renewals:
        assert dt.timedelta() <= invoice.issued_at - invoice.period_start < dt.timedelta(minutes=1)


def test_overage_is_what_was_used_beyond_the_included_units() -> None:
    line = InvoiceLine.objects.get(kind="overage")
    subscription = line.invoice.subscription
    used = UsageEvent.objects.filter(
        subscription=subscription, occurred_at__gte=line.period_start, occurred_at__lt=line.period_end
    ).aggregate(units=Sum("units"))["units"]
    assert line.quantity == used - subscription.plan.quotas.get().included_units > 300
    assert line.amount == round(line.quantity * line.unit_amount)


def test_what_was_paid_is_in_the_journal_at_its_time() -> None:
    paid = Invoice.objects.filter(status="paid")
    for invoice in paid:
        payment = Payment.objects.get(reference=invoice.public_id, status="succeeded")
        entry = JournalEntry.objects.get(source=f"invoice.paid:{invoice.public_id}")
        assert (payment.amount, payment.created_at, payment.settled_at) == (
            invoice.total_amount, invoice.paid_at, invoice.paid_at,
        )  # fmt: skip
        assert entry.occurred_at == entry.created_at == invoice.paid_at
        assert sum(posting.amount for posting in entry.postings.all()) == 0
    assert JournalEntry.objects.count() == len(paid)


def test_declined_cards_were_followed_by_good_ones() -> None:
    declined = Payment.objects.filter(status="failed")
    assert {payment.decline_code for payment in declined} == {"card_declined", "generic_decline"}
    for payment in declined:
        assert Payment.objects.filter(
            reference=payment.reference, status="succeeded", created_at__gt=payment.created_at
        ).exists()
    assert set(SubscriptionChange.objects.values_list("kind", flat=True)) >= {
        "started", "approved", "activated", "past_due", "paid", "plan_changed", "canceled", "abandoned",
    }  # fmt: skip


def test_there_is_something_on_every_page() -> None:
    assert Subscription.objects.filter(status="pending_approval").count() == 1
    assert Subscription.objects.filter(status="incomplete").count() == 1
    assert Subscription.objects.filter(cancel_at_period_end=True).count() == 1
    assert Subscription.objects.exclude(pending_plan=None).count() == 1
    assert Plan.objects.get(visibility="private").subscriptions.count() == PlanGrant.objects.count() == 1
    assert Endpoint.objects.exclude(deprecated_at=None).count() == 1
    assert ApiKey.objects.filter(mode="test").count() == 1
    assert ApiKey.objects.exclude(rotated_from=None).count() == 1
    assert ApiKey.objects.exclude(revoked_at=None).count() == 1
    assert AccessToken.objects.count() == 2
    notices = Notice.objects.all()
    assert notices.filter(read_at=None).exists()
    assert notices.exclude(read_at=None).exists()
    assert not notices.filter(emailed_at=None).exists()
    assert {"subscription.requested", "key.expiring", "invoice.payment_failed", "product.changed"} <= {
        notice.kind for notice in notices
    }


def test_a_second_load_adds_no_usage(demo: Demo) -> None:
    count = UsageEvent.objects.count()
    demo.load()
    assert UsageEvent.objects.count() == count
