"""Another plan in the middle of a period: what it costs, when it holds, and what a declined card leaves."""

import datetime as dt
import re
from typing import Any

import pytest

from apps.billing import services
from apps.billing.errors import PaymentOverdue
from apps.billing.models import Checkout, UsageStretch
from apps.core.errors import Conflict, NotFound
from apps.payments.errors import CardDeclined
from apps.plans.models import Plan
from apps.subscriptions import services as subscriptions
from apps.subscriptions.enums import ChangeKind
from apps.subscriptions.models import Subscription
from tests.billing.world import NOW, Shop, fresh, invoices, meter_has_stored, move_clock, open_checkout
from tests.factories.actors import make_actor
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import QuotaFactory
from tests.factories.products import EndpointFactory
from tests.factories.usage import store_calls

HALF = NOW + dt.timedelta(days=15)


def use(subscription: Subscription, units: int, at: dt.datetime, **event: Any) -> None:
    """One call of so many units."""
    key, endpoint = ApiKeyFactory(subscription=subscription), EndpointFactory(tier=subscription.plan.tier)
    store_calls(key, endpoint, at=at, units=units, **event)


def change(shop: Shop, subscription: Subscription, plan: Plan) -> Checkout:
    checkout = services.start_plan_change(actor=shop.alice, subscription=subscription, plan=plan)
    assert isinstance(checkout, Checkout)
    return checkout


def test_an_upgrade_is_charged_for_the_rest_of_the_period_and_holds_when_it_is_paid(shop: Shop) -> None:
    subscription = shop.buy(shop.basic)
    end = subscription.current_period_end
    move_clock(HALF)
    offer = services.quote_change(shop.alice, subscription, shop.pro)
    assert (offer.kind, offer.end, offer.renewal_amount) == (ChangeKind.NOW, end, 3000)
    assert (offer.proration.charge_amount, offer.proration.credit_amount, offer.due_amount) == (1500, 500, 1000)

    checkout = change(shop, subscription, shop.pro)
    invoice = checkout.invoice
    assert invoice is not None
    assert [(line.kind, line.amount) for line in invoice.lines.all()] == [
        ("proration_charge", 1500),
        ("proration_credit", -500),
    ]
    with pytest.raises(CardDeclined):
        services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card("card_declined"))
    assert fresh(subscription).plan == shop.basic

    services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())
    changed = fresh(subscription)
    assert (changed.plan, changed.current_period_end, changed.status) == (shop.pro, end, "active")
    assert shop.balances() == {"cash": 2000, "creator": -1800, "platform": -200}


def test_used_up_quota_is_not_credited(shop: Shop) -> None:
    QuotaFactory(plan=shop.basic, included_units=100)
    subscription = shop.buy(shop.basic)
    move_clock(HALF)
    use(subscription, 80, HALF - dt.timedelta(days=1))
    offer = services.quote_change(shop.alice, subscription, shop.pro)
    assert offer.proration.credit_amount == 200  # a fifth of the quota is left, half of the time


@pytest.mark.parametrize(("anchor", "on_change", "counts"), [
    ("calendar", "carry_over", True), ("calendar", "reset", False), ("subscription", "carry_over", False),
])  # fmt: skip
def test_a_change_at_the_end_of_the_period_says_whether_a_quota_that_runs_on_counts_on(
    shop: Shop, anchor: str, on_change: str, counts: bool
) -> None:
    QuotaFactory(plan=shop.basic, anchor=anchor)
    QuotaFactory(plan=shop.pro, anchor=anchor)
    Plan.objects.filter(pk=shop.basic.pk).update(quota_on_change=on_change)
    subscription = shop.buy(shop.pro)
    offer = services.quote_change(shop.alice, subscription, Plan.objects.get(pk=shop.basic.pk))
    assert (offer.is_now, offer.counts_on, offer.due_amount) == (False, counts, 0)


def test_from_free_a_whole_period_is_bought(shop: Shop) -> None:
    subscription = shop.buy(shop.free)
    move_clock(HALF)
    checkout = change(shop, subscription, shop.pro)
    assert checkout.invoice is not None
    assert [(line.kind, line.amount) for line in checkout.invoice.lines.all()] == [("plan", 3000)]
    services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())
    changed = fresh(subscription)
    assert (changed.plan, changed.anchored_at) == (shop.pro, changed.current_period_start)
    assert (changed.current_period_end - changed.current_period_start).days == 30


def test_a_yearly_plan_is_bought_in_full_less_what_is_left_of_the_month(shop: Shop) -> None:
    year = shop.plan("Year", 11_000, interval="year")
    subscription = shop.buy(shop.basic)
    move_clock(HALF)
    offer = services.quote_change(shop.alice, subscription, year)
    assert (offer.kind, offer.due_amount) == (ChangeKind.AT_PERIOD_END, 0)  # cheaper by the day
    dear = shop.plan("Dear year", 36_000, interval="year")
    offer = services.quote_change(shop.alice, subscription, dear)
    assert (offer.proration.charge_amount, offer.due_amount) == (36_000, 35_500)
    assert offer.end == HALF.replace(year=2028) + (offer.start - HALF)


def test_a_downgrade_waits_for_the_end_and_can_be_undone(shop: Shop) -> None:
    subscription = shop.buy(shop.pro)
    scheduled = services.start_plan_change(actor=shop.alice, subscription=subscription, plan=shop.basic)
    assert isinstance(scheduled, Subscription)
    assert (scheduled.plan, scheduled.pending_plan) == (shop.pro, shop.basic)
    subscriptions.undo_scheduled(actor=shop.alice, subscription=subscription)
    assert fresh(subscription).pending_plan is None
    assert len(invoices()) == 1


def test_what_costs_nothing_changes_at_once(shop: Shop) -> None:
    other = shop.plan("Hobby", 0)
    subscription = shop.buy(shop.free)
    changed = services.start_plan_change(actor=shop.alice, subscription=subscription, plan=other)
    assert (changed.plan, invoices()) == (other, [])
    owner = make_actor(shop.product.organization)
    own = services.start_checkout(actor=owner, plan=shop.basic).subscription
    moved = services.start_plan_change(actor=owner, subscription=fresh(own), plan=shop.pro)
    assert (moved.plan, invoices()) == (shop.pro, [])


def test_a_price_is_held_for_an_hour_and_reckoned_anew_after_it(shop: Shop) -> None:
    subscription = shop.buy(shop.basic)
    move_clock(HALF)
    first = change(shop, subscription, shop.pro)
    assert change(shop, subscription, shop.pro) == first
    move_clock(HALF + dt.timedelta(days=5))
    second = change(shop, subscription, shop.pro)
    assert second.invoice is not None
    assert second.invoice.total_amount == 667  # 1000.0 - 333.3 for the ten days that are left
    third = change(shop, subscription, shop.plan("Max", 9000))
    assert [one.status for one in (fresh(first), fresh(second), fresh(third))] == ["expired", "expired", "open"]
    assert [one.status for one in invoices()] == ["paid", "void", "void", "open"]
    assert open_checkout(subscription) == third


def test_an_unpaid_change_is_given_up_at_the_end_of_its_period(shop: Shop) -> None:
    subscription = shop.buy(shop.basic)
    move_clock(NOW + dt.timedelta(days=29, hours=23, minutes=30))
    checkout = change(
        shop, subscription, shop.plan("Grand", 300_000)
    )  # half an hour of less would wait for the renewal
    assert checkout.expires_at == subscription.current_period_end
    move_clock(NOW + dt.timedelta(days=31))
    services.close_due_periods()
    assert fresh(checkout).status == "expired"
    assert (fresh(subscription).plan, fresh(subscription).status) == (shop.basic, "active")


def test_who_owes_pays_first(shop: Shop) -> None:
    subscription = shop.buy(shop.basic, keep_card=False)
    move_clock(NOW + dt.timedelta(days=31))
    services.close_due_periods()
    with pytest.raises(PaymentOverdue):
        services.start_plan_change(actor=shop.alice, subscription=fresh(subscription), plan=shop.pro)


def test_an_upgrade_bills_what_was_used_beyond_the_old_plan(shop: Shop) -> None:
    metered = shop.metered(price=1000)
    QuotaFactory(plan=shop.pro, included_units=5000)
    subscription = shop.buy(metered)
    use(subscription, 1300, HALF - dt.timedelta(days=1))
    move_clock(HALF)
    services.pay_checkout(actor=shop.alice, checkout=change(shop, subscription, shop.pro), method=shop.card())
    assert UsageStretch.objects.get().quota.plan == metered
    meter_has_stored(subscription, HALF + dt.timedelta(days=1))
    services.close_due_periods()
    last = invoices()[-1]
    assert (last.reason, last.status, last.total_amount) == ("usage", "paid", 600)


@pytest.mark.parametrize("on_change", ["reset", "carry_over"])
def test_who_leaves_a_plan_pays_its_extra_units_at_its_price_whatever_the_next_one_says(
    shop: Shop, on_change: str
) -> None:
    """A bigger plan for the last day of the period is no way out of them, and none makes them dearer."""
    bigger = shop.metered("Bigger", 4000, included_units=1200, overage_unit_amount="7")
    Plan.objects.filter(pk=bigger.pk).update(quota_on_change=on_change)
    small = shop.metered(price=1000, overage_unit_amount="2")
    subscription = shop.buy(small)
    use(subscription, 1300, HALF - dt.timedelta(days=1))
    move_clock(HALF)
    services.pay_checkout(actor=shop.alice, checkout=change(shop, subscription, bigger), method=shop.card())
    assert fresh(subscription).quota_epoch == 1
    use(subscription, 1250, HALF + dt.timedelta(days=1), quota_epoch=1)
    meter_has_stored(subscription, NOW + dt.timedelta(days=31))
    services.close_due_periods()
    move_clock(NOW + dt.timedelta(days=31))
    services.close_due_periods()
    extra = [(line.plan, line.quantity, line.amount) for one in invoices() for line in one.lines.filter(kind="overage")]
    assert extra == [(small, 300, 600), (bigger, 50, 350)]
    first, second = UsageStretch.objects.order_by("end")
    assert (first.start, first.end) == (subscription.current_period_start, second.start), "no moment is in both"


def test_what_counts_against_the_new_quota_is_not_taken_off_the_credit(shop: Shop) -> None:
    QuotaFactory(plan=shop.basic, included_units=100)
    QuotaFactory(plan=shop.pro, included_units=500)
    subscription = shop.buy(shop.basic)
    move_clock(HALF)
    use(subscription, 80, HALF - dt.timedelta(days=1))
    offer = services.quote_change(shop.alice, subscription, shop.pro)
    assert (offer.counts_on, offer.proration.credit_amount) == (False, 200)
    Plan.objects.filter(pk=shop.pro.pk).update(quota_on_change="carry_over")
    offer = services.quote_change(shop.alice, subscription, Plan.objects.get(pk=shop.pro.pk))
    assert (offer.counts_on, offer.proration.credit_amount) == (True, 500)  # half of the time is left


def test_what_cannot_be(shop: Shop) -> None:
    subscription = shop.buy(shop.basic)
    bob = make_actor()
    with pytest.raises(NotFound):
        services.quote_change(bob, subscription, shop.pro)
    with pytest.raises(NotFound):
        services.start_plan_change(actor=bob, subscription=subscription, plan=shop.pro)
    partner = shop.plan("Partner", 9000, requires_approval=True)
    for wrong in (shop.basic, Shop().pro, shop.plan("Draft", 9000, published_at=None), partner):
        with pytest.raises(Conflict) as refused:
            services.start_plan_change(actor=shop.alice, subscription=subscription, plan=wrong)
        with pytest.raises(Conflict, match=re.escape(refused.value.message)):
            services.quote_change(shop.alice, subscription, wrong)
