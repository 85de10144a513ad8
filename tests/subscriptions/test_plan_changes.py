"""Another plan: upgrade now, downgrade and cancel at the end of the period; and the turn of the period."""

import datetime as dt
from typing import Any

import pytest

from apps.accounts.access import Actor
from apps.accounts.models import AuditEvent
from apps.core import clock
from apps.core.errors import Conflict, NotFound
from apps.core.models import Change
from apps.notifications.models import Notice
from apps.plans.models import Plan, PlanGrant
from apps.plans.periods import period_at
from apps.subscriptions import services
from apps.subscriptions.enums import SubscriptionStatus as S
from apps.subscriptions.models import Subscription
from apps.subscriptions.selectors import list_due
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory, QuotaFactory
from tests.factories.subscriptions import SubscriptionFactory

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def subscription() -> Subscription:
    """Paid, ten days into its month."""
    plan = PlanFactory(slug="basic", price_amount=900)
    QuotaFactory(plan=plan)
    return SubscriptionFactory(plan=plan, started_at=clock.now() - 10 * DAY)


@pytest.fixture
def bob(subscription: Subscription) -> Actor:
    return make_actor(subscription.organization)


def told(actor: Actor) -> list[tuple[str, str]]:
    return list(Notice.objects.filter(user=actor.user).values_list("kind", "title"))


def sibling(subscription: Subscription, price: int, **fields: Any) -> Plan:
    """Another plan of the product, with a monthly quota."""
    plan = PlanFactory(tier=subscription.plan.tier, price_amount=price, **fields)
    QuotaFactory(plan=plan, included_units=5000)
    return plan


def over(subscription: Subscription) -> Subscription:
    """Let the running period be over since an hour, counted from an earlier start."""
    start = subscription.anchored_at - 40 * DAY
    _, end = period_at("month", "subscription", start, start)
    Subscription.objects.filter(pk=subscription.pk).update(
        anchored_at=start, current_period_start=start, current_period_end=end
    )
    subscription.refresh_from_db()
    return subscription


class TestNow:
    def test_an_upgrade_keeps_the_period_and_starts_the_quota_anew(
        self, subscription: Subscription, bob: Actor
    ) -> None:
        pro = sibling(subscription, 1900)
        services.cancel_at_period_end(actor=bob, subscription=subscription)
        Change.objects.all().delete()
        at = clock.now()
        changed = services.change_plan_now(subscription=subscription, plan=pro, at=at, actor=bob)
        changed.refresh_from_db()
        assert (changed.plan, changed.quota_epoch) == (pro, 1)
        assert changed.anchored_at == subscription.anchored_at
        assert (changed.current_period_start, changed.current_period_end) == (
            subscription.current_period_start,
            subscription.current_period_end,
        )
        assert (changed.cancel_at_period_end, changed.pending_plan) == (False, None)
        line = changed.changes.get(kind="plan_changed")
        assert (line.from_plan, line.to_plan, line.occurred_at) == (subscription.plan, pro, at)
        assert (line.quota_epoch, line.actor) == (1, bob.user)
        assert Change.objects.get().topic == f"subscription:{changed.pk}"
        assert AuditEvent.objects.get(action="subscription.plan_changed").actor == bob.user

    def test_with_carry_over_counting_goes_on(self, subscription: Subscription) -> None:
        pro = sibling(subscription, 1900, quota_on_change="carry_over")
        changed = services.change_plan_now(subscription=subscription, plan=pro, at=clock.now(), actor=None)
        assert changed.quota_epoch == 0

    def test_with_carry_over_and_a_quota_that_was_never_counted_it_starts_anew(
        self, subscription: Subscription
    ) -> None:
        pro = sibling(subscription, 1900, quota_on_change="carry_over")
        QuotaFactory(plan=pro, name="daily", period="day")
        assert (
            services.change_plan_now(subscription=subscription, plan=pro, at=clock.now(), actor=None).quota_epoch == 1
        )

    @pytest.mark.parametrize(("price", "interval"), [(0, "month"), (900, "year")])
    def test_another_interval_and_the_first_price_begin_a_new_period(
        self, subscription: Subscription, price: int, interval: str
    ) -> None:
        Plan.objects.filter(pk=subscription.plan_id).update(price_amount=price)
        target = sibling(subscription, 20_000, interval=interval, quota_on_change="carry_over")
        at = clock.now()
        changed = services.change_plan_now(subscription=subscription, plan=target, at=at, actor=None)
        assert changed.anchored_at == changed.current_period_start == at
        assert changed.current_period_end == period_at(interval, "subscription", at, at)[1]
        assert changed.quota_epoch == 1, "the spans are others, so nothing can be carried over"

    def test_a_downgrade_is_not_had_now(self, subscription: Subscription, bob: Actor) -> None:
        with pytest.raises(Conflict, match="at the end"):
            services.change_plan_now(
                subscription=subscription, plan=sibling(subscription, 500), at=clock.now(), actor=bob
            )

    def test_what_cannot_be(self, subscription: Subscription, bob: Actor) -> None:
        def change(plan: Plan, actor: Actor | None = bob, one: Subscription = subscription) -> None:
            services.change_plan_now(subscription=one, plan=plan, at=clock.now(), actor=actor)

        pro = sibling(subscription, 1900)
        private = sibling(subscription, 1901, visibility="private")
        approved = sibling(subscription, 1902, requires_approval=True)
        for plan in (subscription.plan, PlanFactory(price_amount=1900), private, approved):
            with pytest.raises(Conflict):
                change(plan)
        with pytest.raises(NotFound):
            change(pro, make_actor())
        for status in (S.CANCELED, S.UNPAID, S.INCOMPLETE, S.PENDING_APPROVAL):
            with pytest.raises(Conflict):
                change(sibling(one := SubscriptionFactory(status=status), 1), None, one)
        with pytest.raises(Conflict, match="being closed"):
            change(pro, None, over(subscription))
        Subscription.objects.filter(pk=subscription.pk).update(current_period_end=clock.now() + DAY)
        for plan in (private, approved):
            PlanGrant.objects.create(product=plan.product, plan_slug=plan.slug, organization=bob.organization)
            change(plan)

    def test_what_was_paid_is_given_though_it_was_withdrawn(self, subscription: Subscription) -> None:
        gone = sibling(subscription, 1900, withdrawn_at=clock.now())
        changed = services.change_plan_now(subscription=subscription, plan=gone, at=clock.now(), actor=None)
        assert changed.plan == gone


class TestAtPeriodEnd:
    def test_planned_replaced_undone(self, subscription: Subscription, bob: Actor) -> None:
        free = sibling(subscription, 0)
        planned = services.schedule_plan_change(actor=bob, subscription=subscription, plan=free)
        assert (planned.pending_plan, planned.plan) == (free, subscription.plan)
        ending = services.cancel_at_period_end(actor=bob, subscription=subscription)
        assert (ending.pending_plan, ending.cancel_at_period_end) == (None, True)
        with pytest.raises(Conflict):
            services.cancel_at_period_end(actor=bob, subscription=subscription)
        services.schedule_plan_change(actor=bob, subscription=subscription, plan=free)
        kept = services.undo_scheduled(actor=bob, subscription=subscription)
        assert (kept.pending_plan, kept.cancel_at_period_end) == (None, False)
        with pytest.raises(Conflict):
            services.undo_scheduled(actor=bob, subscription=subscription)
        assert [line.kind for line in kept.changes.order_by("pk")] == [
            "plan_change_scheduled", "cancel_scheduled", "plan_change_scheduled", "schedule_undone",
        ]  # fmt: skip

    def test_only_what_costs_less_waits(self, subscription: Subscription, bob: Actor) -> None:
        with pytest.raises(Conflict, match="at once"):
            services.schedule_plan_change(actor=bob, subscription=subscription, plan=sibling(subscription, 1900))

    def test_only_what_has_begun_ends_with_its_period(self) -> None:
        asked = SubscriptionFactory(status=S.INCOMPLETE)
        with pytest.raises(Conflict):
            services.cancel_at_period_end(actor=make_actor(asked.organization), subscription=asked)

    @pytest.mark.parametrize("service", [services.cancel_at_period_end, services.undo_scheduled])
    def test_not_by_a_stranger_nor_the_creator(self, subscription: Subscription, service: Any) -> None:
        for actor in (make_actor(), make_actor(subscription.product.organization)):
            with pytest.raises(NotFound):
                service(actor=actor, subscription=subscription)


class TestNextPeriod:
    def test_the_next_one_begins_where_the_last_ended_and_only_once(
        self, subscription: Subscription, bob: Actor
    ) -> None:
        with pytest.raises(Conflict):
            services.begin_next_period(subscription=subscription)
        end = over(subscription).current_period_end
        assert list(list_due(clock.now())) == [subscription]
        turned = services.begin_next_period(subscription=subscription)
        assert turned.current_period_start == end
        assert told(bob) == [], "nothing is new"
        assert turned.current_period_end == period_at("month", "subscription", turned.anchored_at, clock.now())[1]
        assert not list_due(clock.now())
        with pytest.raises(Conflict):
            services.begin_next_period(subscription=subscription)

    def test_the_end(self, subscription: Subscription, bob: Actor) -> None:
        services.cancel_at_period_end(actor=bob, subscription=over(subscription))
        ended = services.begin_next_period(subscription=subscription)
        assert (ended.status, ended.canceled_at) == (S.CANCELED, subscription.current_period_end)
        assert told(bob) == [("subscription.ended", f"Your subscription to {ended.product.name} has ended")]
        assert not list_due(clock.now())

    @pytest.mark.parametrize("on_change", ["reset", "carry_over"])
    def test_a_downgrade_for_the_same_interval(self, subscription: Subscription, bob: Actor, on_change: str) -> None:
        small = sibling(subscription, 100, quota_on_change=on_change)
        services.schedule_plan_change(actor=bob, subscription=over(subscription), plan=small)
        Plan.objects.filter(pk=small.pk).update(withdrawn_at=clock.now())  # it was agreed on
        changed = services.begin_next_period(subscription=subscription)
        assert (changed.plan, changed.pending_plan) == (small, None)
        assert changed.current_period_start == subscription.current_period_end
        assert changed.anchored_at == subscription.anchored_at
        assert changed.quota_epoch == 0, "the quota begins anew by itself, from the end of the old period on"
        assert changed.changes.get(kind="plan_changed").occurred_at == subscription.current_period_end
        name = changed.product.name
        assert told(bob) == [("subscription.plan_changed", f"{name} is on the plan {small.name} now")]

    def test_a_quota_in_mid_period_is_reset(self, subscription: Subscription, bob: Actor) -> None:
        small = sibling(subscription, 100)
        for plan in (small, subscription.plan):
            QuotaFactory(plan=plan, name="yearly", period="year", anchor="calendar")
        services.schedule_plan_change(actor=bob, subscription=over(subscription), plan=small)
        assert services.begin_next_period(subscription=subscription).quota_epoch == 1

    def test_a_downgrade_to_free_counts_from_the_end_of_what_was_paid(
        self, subscription: Subscription, bob: Actor
    ) -> None:
        free = sibling(subscription, 0, interval="week")
        services.schedule_plan_change(actor=bob, subscription=over(subscription), plan=free)
        end = subscription.current_period_end
        assert end is not None
        changed = services.begin_next_period(subscription=subscription)
        assert changed.anchored_at == changed.current_period_start == end
        assert changed.current_period_end == end + 7 * DAY


def test_due_are_those_that_have_begun_the_longest_overdue_first() -> None:
    now = clock.now()
    late, later = (
        SubscriptionFactory(current_period_end=now - days * DAY, current_period_start=now - 30 * DAY) for days in (1, 2)
    )
    SubscriptionFactory(status=S.CANCELED, current_period_start=now - 2 * DAY, current_period_end=now - DAY)
    SubscriptionFactory(status=S.INCOMPLETE)
    SubscriptionFactory()
    assert list(list_due(now)) == [later, late]
    assert list(list_due(now - DAY)) == [later, late]
