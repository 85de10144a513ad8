"""A trial: once, free, and then a period that is paid for, or the end."""

import datetime as dt

import pytest

from apps.billing import services
from apps.billing.enums import CheckoutStatus
from apps.billing.errors import CheckoutClosed
from apps.billing.models import Checkout
from apps.core import clock
from apps.notifications.models import Notice
from apps.payments.models import Payment, PaymentMethod
from apps.plans.models import Plan
from apps.subscriptions import services as subscriptions
from apps.subscriptions.models import Subscription
from apps.usage.limits import limits_of
from tests.billing.test_changes import use
from tests.billing.world import NOW, Shop, fresh, invoices, meter_has_stored, move_clock
from tests.factories.actors import make_actor

ENDS = NOW + dt.timedelta(days=14)


def trial_plan(shop: Shop, **values: object) -> Plan:
    plan = shop.metered("Trial", 2000)
    Plan.objects.filter(pk=plan.pk).update(trial_days=14, **values)
    return fresh(plan)


def at_end(**later: float) -> None:
    move_clock(ENDS + dt.timedelta(minutes=2, **later))


def test_it_is_free_and_the_paid_period_begins_with_its_end(shop: Shop) -> None:
    subscription = shop.buy(trial_plan(shop))
    assert (subscription.status, invoices()) == ("trialing", [])
    assert subscription.trial_ends_at == subscription.current_period_end
    assert limits_of(subscription).quotas[0].extra_units == 0  # nothing is charged in it, extra units neither
    use(subscription, 3000, NOW + dt.timedelta(days=2))
    shop.card(is_default=True)

    at_end()
    meter_has_stored(subscription, clock.now())
    services.close_due_periods()
    begun = fresh(subscription)
    end = subscription.trial_ends_at
    assert (begun.status, begun.current_period_start, begun.anchored_at) == ("active", end, end)
    [first] = invoices()
    assert (first.period_start, first.total_amount, first.status) == (end, 2000, "paid")
    assert limits_of(begun).quotas[0].extra_units == 5000
    use(begun, 1100, end + dt.timedelta(days=1))  # type: ignore[operator]
    move_clock(ENDS + dt.timedelta(days=32))
    meter_has_stored(subscription, clock.now())
    services.close_due_periods()
    assert [line.amount for line in invoices()[-1].lines.all()] == [2000, 200]


def test_without_a_card_it_ends_and_there_is_no_second_one(shop: Shop) -> None:
    subscription = shop.buy(trial_plan(shop))
    assert services.remind_of_trial_ends() == 0
    move_clock(ENDS - dt.timedelta(days=2))
    assert [services.remind_of_trial_ends(), services.remind_of_trial_ends()] == [1, 0]
    assert "Add a card" in Notice.objects.get(kind="subscription.trial_ends").body
    at_end()
    services.close_due_periods()
    assert (fresh(subscription).status, invoices()) == ("canceled", [])
    assert Notice.objects.filter(kind="subscription.trial_unpaid").count() == 1
    services.close_due_periods()
    again = services.start_checkout(actor=shop.alice, plan=subscription.plan)
    assert (again.status, again.subscription.status) == ("open", "incomplete")
    assert again.invoice is not None


def test_one_that_needs_a_card_begins_with_it_and_charges_nothing(shop: Shop) -> None:
    plan = trial_plan(shop, trial_requires_card=True)
    checkout = services.start_checkout(actor=shop.alice, plan=plan)
    assert (checkout.status, checkout.invoice, checkout.subscription.status) == ("open", None, "incomplete")
    card = shop.card()
    assert services.pay_checkout(actor=shop.alice, checkout=checkout, method=card) is None
    subscription = fresh(checkout.subscription)
    assert (subscription.status, fresh(checkout).status) == ("trialing", CheckoutStatus.COMPLETED)
    assert (fresh(card).is_default, Payment.objects.count()) == (True, 0)
    with pytest.raises(CheckoutClosed):
        services.pay_checkout(actor=shop.alice, checkout=checkout, method=card)
    at_end()
    services.close_due_periods()
    assert [one.status for one in invoices()] == ["paid"]


def test_a_dearer_plan_takes_the_trial_over_and_a_cheaper_one_waits_for_its_end(shop: Shop) -> None:
    subscription = shop.buy(trial_plan(shop))
    shop.card(is_default=True)
    yearly = shop.plan("Yearly", 30000, interval="year", trial_days=7)
    move_clock(NOW + dt.timedelta(days=5))
    offer = services.quote_change(shop.alice, subscription, yearly)
    assert (offer.due_amount, offer.end, offer.is_now) == (0, subscription.trial_ends_at, True)
    changed = services.start_plan_change(actor=shop.alice, subscription=subscription, plan=yearly)
    assert isinstance(changed, Subscription)
    assert (changed.plan, changed.status, changed.current_period_end) == (
        yearly,
        "trialing",
        subscription.trial_ends_at,
    )
    services.start_plan_change(actor=shop.alice, subscription=changed, plan=shop.basic)
    at_end()
    services.close_due_periods()
    assert (fresh(subscription).plan, fresh(subscription).status) == (shop.basic, "active")
    assert [one.total_amount for one in invoices()] == [1000]


def test_canceled_or_paused_in_it_nothing_is_charged(shop: Shop) -> None:
    plan = trial_plan(shop)
    subscription = shop.buy(plan)
    shop.card(is_default=True)
    owner = make_actor(shop.product.organization)
    subscriptions.pause_consumer(actor=owner, subscription=subscription)
    assert subscriptions.resume_consumer(actor=owner, subscription=subscription).status == "trialing"
    use(subscription, 3000, NOW + dt.timedelta(days=2))
    move_clock(NOW + dt.timedelta(days=4))
    subscriptions.cancel_subscription(actor=shop.alice, subscription=subscription)
    shop.alice = make_actor()
    later = shop.buy(plan)
    subscriptions.cancel_at_period_end(actor=shop.alice, subscription=later)
    move_clock(NOW + dt.timedelta(days=20))
    meter_has_stored(subscription, clock.now())
    services.close_due_periods()
    assert services.close_due_periods()["canceled subscriptions billed"] == 0
    assert (fresh(later).status, invoices()) == ("canceled", [])


def test_the_creator_of_a_product_needs_no_trial_of_it(shop: Shop) -> None:
    own = services.start_checkout(actor=make_actor(shop.product.organization), plan=trial_plan(shop))
    assert fresh(own.subscription).status == "active"
    assert PaymentMethod.objects.count() == 0


def test_a_plan_without_a_trial_ends_it_and_is_paid_at_once(shop: Shop) -> None:
    """Else a trial of a cheap plan would give any dearer one for nothing."""
    subscription = shop.buy(trial_plan(shop))
    use(subscription, 800, NOW + dt.timedelta(days=2))
    move_clock(NOW + dt.timedelta(days=5))
    dear = shop.metered("Dear", 9000)
    offer = services.quote_change(shop.alice, subscription, dear)
    assert (offer.due_amount, offer.starts_anew, offer.counts_on) == (9000, True, False)
    checkout = services.start_plan_change(actor=shop.alice, subscription=subscription, plan=dear)
    assert isinstance(checkout, Checkout)
    assert (fresh(subscription).status, fresh(subscription).plan) == ("trialing", subscription.plan)
    services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card(is_default=True))
    begun = fresh(subscription)
    assert (begun.status, begun.plan, begun.is_in_trial) == ("active", dear, False)
    assert begun.anchored_at == begun.current_period_start > NOW + dt.timedelta(days=5)
    assert limits_of(begun).quotas[0].extra_units == 5000
    # The units of the trial are charged to nobody.
    move_clock(NOW + dt.timedelta(days=5 + 31, minutes=2))
    meter_has_stored(subscription, clock.now())
    services.close_due_periods()
    assert [one.total_amount for one in invoices()] == [9000, 9000]
