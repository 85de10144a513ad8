"""Subscribers of an older version are moved to the one on sale, and what they planned themselves wins."""

from dataclasses import dataclass
from typing import Any

import pytest

from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotFound
from apps.notifications.models import Notice
from apps.plans.models import Plan
from apps.subscriptions import services
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.services.migrations import migrate_all
from tests.factories.actors import make_actor
from tests.factories.plans import PlanFactory, QuotaFactory
from tests.factories.products import TierFactory
from tests.factories.subscriptions import SubscriptionFactory

pytestmark = pytest.mark.django_db


@dataclass
class Sale:
    creator: Any
    old: Plan
    new: Plan

    def move(self, when: str) -> int:
        return services.migrate_subscribers(actor=self.creator, plan=self.old, to=self.new, when=when)

    def work(self, when: str) -> int:
        """As the task does."""
        return migrate_all(plan=self.old, to=self.new, when=when, user=self.creator.user)


def sale(price: int = 1200, **new: Any) -> Sale:
    tier = TierFactory()
    versions = {"tier": tier, "slug": "pro", "name": "Pro"}
    old = PlanFactory(**versions, version=1, price_amount=1000, withdrawn_at=clock.now())
    new_version = PlanFactory(**(versions | {"version": 2, "price_amount": price} | new))
    return Sale(make_actor(tier.product.organization), old, new_version)


def fresh(subscription: Subscription) -> Subscription:
    return Subscription.objects.get(pk=subscription.pk)


def test_at_the_renewal_they_are_told_at_once_and_their_own_plans_win() -> None:
    sold = sale()
    plain, ending, waiting = (
        SubscriptionFactory(plan=sold.old, organization=make_actor().organization) for _ in range(3)
    )
    services.cancel_at_period_end(actor=make_actor(ending.organization), subscription=ending)
    downgrade = PlanFactory(tier=sold.old.tier, price_amount=100)
    services.schedule_plan_change(actor=make_actor(waiting.organization), subscription=waiting, plan=downgrade)
    SubscriptionFactory(plan=sold.old, status=SubscriptionStatus.CANCELED)
    assert sold.move("renewal") == 1
    assert (sold.work("renewal"), sold.work("renewal")) == (1, 0), "repeated, nothing is left to do"
    assert fresh(plain).pending_plan == sold.new
    assert fresh(plain).plan == sold.old
    assert (fresh(ending).cancel_at_period_end, fresh(ending).pending_plan) == (True, None)
    assert fresh(waiting).pending_plan == downgrade
    notice = Notice.objects.get(kind="subscription.migration_scheduled")
    assert "12.00 USD for each month" in notice.body
    assert f"{plain.current_period_end:%B %Y}" in notice.title
    # What the creator planned is not the consumer's to undo; to leave is, and to stay after all.
    consumer = make_actor(plain.organization)
    with pytest.raises(Conflict, match="new version"):
        services.undo_scheduled(actor=consumer, subscription=plain)
    services.cancel_at_period_end(actor=consumer, subscription=plain)
    services.undo_scheduled(actor=consumer, subscription=plain)
    assert (fresh(plain).cancel_at_period_end, fresh(plain).pending_plan) == (False, sold.new)


def test_now_the_period_goes_on_under_the_new_terms() -> None:
    sold = sale(price=900)
    subscription = SubscriptionFactory(plan=sold.old, organization=make_actor().organization)
    assert (sold.move("now"), sold.work("now"), sold.work("now")) == (1, 1, 0)
    moved = fresh(subscription)
    assert (moved.plan, moved.current_period_end) == (sold.new, subscription.current_period_end)
    assert moved.changes.get().kind == "plan_changed"
    assert Notice.objects.filter(kind="subscription.migrated").exists()


@pytest.mark.parametrize("new", [{"price": 1001}, {"currency": "EUR"}, {"interval": "year"}, {"price": 0}])
def test_now_is_refused_where_it_would_cost_more_or_begin_another_period(new: dict[str, Any]) -> None:
    sold = sale(**({"price": 1000} | new))
    subscription = SubscriptionFactory(plan=sold.old)
    with pytest.raises(Conflict):
        sold.move("now")
    assert (sold.move("renewal"), fresh(subscription).plan) == (1, sold.old)


def test_now_is_refused_where_extra_units_are_to_be_settled() -> None:
    sold = sale(price=1000)
    QuotaFactory(plan=sold.old, overage="per_unit", overage_unit_amount=1, overage_max_units=5)
    with pytest.raises(Conflict):
        sold.move("now")


def test_only_from_an_older_version_to_the_one_on_sale() -> None:
    sold, other = sale(), sale()
    with pytest.raises(Invalid):
        sold.move("never")
    with pytest.raises(Conflict):
        services.migrate_subscribers(actor=sold.creator, plan=sold.new, to=sold.old, when="renewal")
    for plan, to in ((other.old, other.new), (sold.old, other.new)):
        with pytest.raises(NotFound):
            services.migrate_subscribers(actor=sold.creator, plan=plan, to=to, when="renewal")
