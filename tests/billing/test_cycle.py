"""The end of a billing period: renewal, overage, downgrade, cancel; once, whoever runs it and however often."""

import datetime as dt

import pytest

from apps.billing import services
from apps.billing.enums import InvoiceStatus
from apps.billing.models import Invoice, NumberSeries
from apps.core.errors import Conflict
from apps.notifications.models import Notice
from apps.payments.errors import CardDeclined, CardNeeded
from apps.payments.models import Payment, PaymentMethod
from apps.payments.needs import needs_card
from apps.plans.enums import OverageRule
from apps.plans.periods import period_at
from apps.products.models import Product
from apps.subscriptions import services as subscriptions
from apps.subscriptions.enums import SubscriptionStatus
from tests.billing.test_changes import use
from tests.billing.world import NOW, Shop, fresh, invoices, meter_has_stored, move_clock
from tests.factories.actors import make_actor
from tests.factories.plans import PriceTierFactory
from tests.threads import at_once

MONTH = NOW + dt.timedelta(days=30, hours=1)
NOTHING = {
    "periods turned": 0,
    "waived periods ended": 0,
    "canceled subscriptions billed": 0,
    "subscriptions with leftovers billed": 0,
    "invoices issued": 0,
    "invoices collected": 0,
}


def test_a_renewal_is_charged_to_the_default_card_and_only_once(shop: Shop) -> None:
    subscription = shop.buy(shop.pro)
    end = subscription.current_period_end
    assert services.close_due_periods() == NOTHING
    move_clock(MONTH)
    assert services.close_due_periods() == NOTHING | {
        "periods turned": 1,
        "invoices issued": 1,
        "invoices collected": 1,
    }
    assert services.close_due_periods() == NOTHING
    renewal = invoices()[-1]
    assert (renewal.number, renewal.reason, renewal.status) == ("INV-2027-000002", "renewal", "paid")
    assert (renewal.period_start, renewal.total_amount) == (end, 3000)
    renewed = fresh(subscription)
    assert (renewed.status, renewed.current_period_start) == ("active", end)
    assert shop.balances()["cash"] == 6000
    receipts = Notice.objects.filter(kind="invoice.paid", organization=shop.alice.organization)
    assert receipts.count() == 2  # of the first invoice and of the renewal


def test_a_declined_renewal_leaves_the_subscription_past_due_until_it_is_paid(shop: Shop) -> None:
    subscription = shop.buy(shop.pro)
    PaymentMethod.objects.update(token="sbx:insufficient_funds:visa:9995:2060-12:x")
    move_clock(MONTH)
    services.close_due_periods()
    renewal = invoices()[-1]
    assert (renewal.status, fresh(subscription).status) == ("open", "past_due")
    notice = Notice.objects.get(kind="invoice.payment_failed")
    assert "insufficient funds" in notice.body
    assert notice.url == f"/o/{shop.alice.organization.slug}/billing/invoices/{renewal.public_id}/"
    services.close_due_periods()
    assert Payment.objects.filter(reference=renewal.public_id).count() == 1  # it does not try again by itself

    services.pay_invoice(actor=shop.alice, invoice=renewal, method=shop.card())
    assert (fresh(renewal).status, fresh(subscription).status) == ("paid", "active")


def test_without_a_card_it_is_past_due_and_active_only_when_all_is_paid(shop: Shop) -> None:
    subscription = shop.buy(shop.pro, keep_card=False)
    for month in (1, 2):
        move_clock(NOW + dt.timedelta(days=31 * month))
        services.close_due_periods()
    _first, second, third = invoices()
    assert fresh(subscription).status == SubscriptionStatus.PAST_DUE
    told = Notice.objects.filter(kind="invoice.payment_failed").values_list("url", flat=True)
    assert sorted(url.rpartition("invoices/")[2] for url in told) == sorted(
        f"{invoice.public_id}/" for invoice in (second, third)
    ), "each invoice tells once"
    with pytest.raises(CardDeclined):
        services.pay_invoice(actor=shop.alice, invoice=third, method=shop.card("card_declined"))
    assert told.count() == 2, "who pays sees it on the page"
    card = shop.card()
    services.pay_invoice(actor=shop.alice, invoice=third, method=card)
    assert fresh(subscription).status == SubscriptionStatus.PAST_DUE
    services.pay_invoice(actor=shop.alice, invoice=second, method=card)
    assert fresh(subscription).status == SubscriptionStatus.ACTIVE


def test_what_was_planned_for_the_end_happens_then(shop: Shop) -> None:
    subscription = shop.buy(shop.pro)
    services.start_plan_change(actor=shop.alice, subscription=subscription, plan=shop.basic)
    move_clock(MONTH)
    services.close_due_periods()
    assert fresh(subscription).plan == shop.basic
    assert [one.total_amount for one in invoices()] == [3000, 1000]

    subscriptions.cancel_at_period_end(actor=shop.alice, subscription=subscription)
    move_clock(MONTH + dt.timedelta(days=31))
    services.close_due_periods()
    ended = fresh(subscription)
    assert (ended.status, ended.canceled_at) == ("canceled", ended.current_period_end)
    assert len(invoices()) == 2


def test_a_renewal_is_charged_up_to_the_end_of_a_product_that_retires(shop: Shop) -> None:
    subscription = shop.buy(shop.pro)
    start = subscription.current_period_end
    _, end = period_at("month", "subscription", NOW, start)
    Product.objects.update(retires_at=start + (end - start) / 4)
    move_clock(MONTH)
    services.close_due_periods()
    renewal = invoices()[-1]
    assert renewal.total_amount == 750, "a quarter of the period, a quarter of the price"
    assert renewal.lines.get().period_end == start + (end - start) / 4

    Product.objects.update(retires_at=end)
    move_clock(MONTH + dt.timedelta(days=31))
    services.close_due_periods()
    assert len(invoices()) == 2, "nothing is charged for a time in which nothing is served"


def test_a_free_subscription_turns_without_an_invoice(shop: Shop) -> None:
    subscription = shop.buy(shop.free)
    own = services.start_checkout(actor=make_actor(shop.product.organization), plan=shop.pro).subscription
    move_clock(MONTH)
    assert services.close_due_periods()["periods turned"] == 2
    for one in (subscription, own):
        assert fresh(one).current_period_start == NOW + dt.timedelta(days=30) + (fresh(one).anchored_at - NOW)
    assert invoices() == []


def test_who_is_paused_is_not_charged(shop: Shop) -> None:
    subscription = shop.buy(shop.pro)
    owner = make_actor(shop.product.organization)
    subscriptions.pause_consumer(actor=owner, subscription=subscription)
    move_clock(MONTH)
    assert services.close_due_periods() == NOTHING | {"periods turned": 1}


def test_after_a_pause_a_period_that_is_paid_for_begins(shop: Shop) -> None:
    """A pause of a minute over the renewal is no free month, and nobody is credited for one."""
    subscription = shop.buy(shop.basic)
    owner = make_actor(shop.product.organization)
    move_clock(MONTH - dt.timedelta(days=1))
    subscriptions.pause_consumer(actor=owner, subscription=subscription)
    with pytest.raises(Conflict, match="paused"):
        services.quote_change(shop.alice, fresh(subscription), shop.pro)
    with pytest.raises(Conflict, match="paused"):
        services.start_plan_change(actor=shop.alice, subscription=subscription, plan=shop.pro)
    move_clock(MONTH)
    services.close_due_periods()
    move_clock(MONTH + dt.timedelta(days=3))
    subscriptions.resume_consumer(actor=owner, subscription=subscription)
    assert services.quote_change(shop.alice, fresh(subscription), shop.pro).proration.credit_amount == 0

    assert services.close_due_periods()["waived periods ended"] == 1
    begun = fresh(subscription)
    assert begun.current_period_start > MONTH + dt.timedelta(days=3)
    assert not begun.is_period_waived
    assert [(one.total_amount, one.status) for one in invoices()] == [(1000, "paid"), (1000, "paid")]
    assert services.close_due_periods() == NOTHING


def test_who_leaves_at_the_end_of_a_period_that_was_not_charged_does_not_pay_another(shop: Shop) -> None:
    subscription = shop.buy(shop.basic)
    owner = make_actor(shop.product.organization)
    subscriptions.pause_consumer(actor=owner, subscription=subscription)
    move_clock(MONTH)
    services.close_due_periods()
    subscriptions.resume_consumer(actor=owner, subscription=subscription)
    subscriptions.cancel_at_period_end(actor=shop.alice, subscription=fresh(subscription))
    assert services.close_due_periods() == NOTHING


def test_what_is_paid_during_a_pause_is_not_due_after_it(shop: Shop) -> None:
    subscription = shop.buy(shop.pro, keep_card=False)
    owner = make_actor(shop.product.organization)
    move_clock(MONTH)
    services.close_due_periods()
    subscriptions.pause_consumer(actor=owner, subscription=subscription)
    services.pay_invoice(actor=shop.alice, invoice=invoices()[-1], method=shop.card())
    assert subscriptions.resume_consumer(actor=owner, subscription=subscription).status == SubscriptionStatus.ACTIVE


class TestOverage:
    def test_it_waits_for_the_meter_and_stands_on_the_renewal(self, shop: Shop) -> None:
        subscription = shop.buy(shop.metered())
        end = subscription.current_period_end
        use(subscription, 1500, end - dt.timedelta(days=1))
        use(subscription, 70, end + dt.timedelta(minutes=1))  # of the next period
        move_clock(MONTH)
        meter_has_stored(subscription, end - dt.timedelta(seconds=1))
        assert services.close_due_periods() == NOTHING | {"periods turned": 1}
        assert fresh(subscription).current_period_start == end  # the next period does not wait
        assert invoices()[-1].status == InvoiceStatus.DRAFT

        meter_has_stored(subscription, end)
        services.close_due_periods()
        renewal = invoices()[-1]
        lines = [(line.kind, line.quantity, line.amount) for line in renewal.lines.all()]
        assert lines == [("plan", 1, 1000), ("overage", 500, 1000)]
        assert (renewal.status, renewal.total_amount) == ("paid", 2000)
        assert shop.balances() == {"cash": 3000, "creator": -2700, "platform": -300}

    def test_a_free_plan_asks_only_for_what_was_beyond_it(self, shop: Shop) -> None:
        shop.card(is_default=True)
        subscription = shop.buy(shop.metered(price=0, overage_unit_amount="0.4"))
        use(subscription, 1001, NOW + dt.timedelta(days=3))
        for month, expected in ((1, []), (2, [])):
            move_clock(NOW + dt.timedelta(days=31 * month))
            meter_has_stored(subscription, NOW + dt.timedelta(days=31 * month))
            services.close_due_periods()
            assert [one.total_amount for one in invoices()] == expected  # 0.4 is nothing
        use(subscription, 1130, NOW + dt.timedelta(days=65))
        move_clock(NOW + dt.timedelta(days=93))
        meter_has_stored(subscription, NOW + dt.timedelta(days=93))
        services.close_due_periods()
        assert [one.total_amount for one in invoices()] == [52]
        assert NumberSeries.objects.get().last_number == 1  # nothing was numbered in vain

    def test_tiers_are_a_line_each(self, shop: Shop) -> None:
        plan = shop.metered(included_units=100, overage=OverageRule.GRADUATED, overage_unit_amount=None)
        for end, price, flat in ((200, "0.5", 0), (1000, "0.25", 30), (None, "0.1", 0)):
            PriceTierFactory(quota=plan.quotas.get(), up_to_units=end, unit_amount=price, flat_amount=flat)
        subscription = shop.buy(plan)
        use(subscription, 605, NOW + dt.timedelta(days=3))
        move_clock(MONTH)
        meter_has_stored(subscription, MONTH)
        services.close_due_periods()
        renewal = invoices()[-1]
        # 505 extra units: 200 × 0.5, then 305 × 0.25 = 76.25 and 30 once.
        assert [(line.description, line.quantity, line.amount) for line in renewal.lines.all()] == [
            ("Weather: Metered", 1, 1000),
            ("Weather: units 1 to 200 beyond the 100 of Metered", 200, 100),
            ("Weather: units 201 to 505 beyond the 100 of Metered", 305, 76),
            ("Weather: flat price for units 201 to 505 beyond the 100 of Metered", 1, 30),
        ]
        assert (renewal.status, renewal.total_amount) == ("paid", 1206)

    def test_pay_as_you_go_needs_a_card_and_charges_what_was_used(self, shop: Shop) -> None:
        plan = shop.metered(price=0, included_units=0)
        basic = shop.buy(shop.free)
        for ask in (
            lambda: services.start_checkout(actor=shop.alice, plan=plan),
            lambda: services.start_plan_change(actor=shop.alice, subscription=basic, plan=plan),
        ):
            with pytest.raises(CardNeeded):
                ask()
        subscriptions.cancel_subscription(actor=shop.alice, subscription=basic)
        card = shop.card(is_default=True)
        subscription = shop.buy(plan)
        assert (subscription.status, invoices()) == (SubscriptionStatus.ACTIVE, [])
        assert needs_card(shop.alice.organization), "the card that is charged cannot be removed"
        use(subscription, 70, NOW + dt.timedelta(days=3))
        move_clock(MONTH)
        meter_has_stored(subscription, MONTH)
        services.close_due_periods()
        (renewal,) = invoices()
        assert [(line.kind, line.quantity, line.amount) for line in renewal.lines.all()] == [("overage", 70, 140)]
        assert (renewal.status, Payment.objects.get().method) == ("paid", card)

    @pytest.mark.parametrize("at_end", [True, False])
    def test_canceling_is_no_way_out_of_it(self, shop: Shop, at_end: bool) -> None:
        subscription = shop.buy(shop.metered())
        use(subscription, 1200, NOW + dt.timedelta(days=3))
        move_clock(NOW + dt.timedelta(days=4))
        cancel = subscriptions.cancel_at_period_end if at_end else subscriptions.cancel_subscription
        cancel(actor=shop.alice, subscription=subscription)
        move_clock(MONTH)
        meter_has_stored(subscription, MONTH)
        services.close_due_periods()
        services.close_due_periods()
        assert [(one.reason, one.total_amount, one.status) for one in invoices()] == [
            ("subscribe", 1000, "paid"),
            ("usage", 400, "paid"),
        ]

    def test_another_currency_after_it_makes_an_invoice_of_its_own(self, shop: Shop) -> None:
        subscription = shop.buy(shop.metered(price=5000))
        use(subscription, 1200, NOW + dt.timedelta(days=3))
        euro = shop.plan("Euro", 700, currency="EUR")
        services.start_plan_change(actor=shop.alice, subscription=subscription, plan=euro)
        move_clock(MONTH)
        meter_has_stored(subscription, MONTH)
        services.close_due_periods()
        assert sorted((one.currency, one.total_amount, one.status) for one in invoices()) == [
            ("EUR", 700, "paid"),
            ("USD", 400, "paid"),
            ("USD", 5000, "paid"),
        ]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_one_renewal_each() -> None:
    move_clock(NOW)
    shop = Shop()
    for _ in range(3):
        shop.alice = make_actor()
        shop.buy(shop.pro)
    move_clock(MONTH)
    at_once(services.close_due_periods, services.close_due_periods, services.close_due_periods)
    services.close_due_periods()
    renewals = Invoice.objects.filter(reason="renewal")
    assert [one.status for one in renewals] == ["paid"] * 3
    assert sorted(one.number for one in invoices()) == [f"INV-2027-{number:06}" for number in range(1, 7)]
    assert shop.balances()["cash"] == 6 * 3000
    assert Payment.objects.count() == 6


def test_one_that_fails_does_not_stand_in_the_way(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = shop.buy(shop.pro)
    shop.alice = make_actor()
    second = shop.buy(shop.pro)
    move_clock(MONTH)
    real = subscriptions.begin_next_period

    def fails_once(*, subscription: object) -> object:
        if subscription == first:
            raise ZeroDivisionError
        return real(subscription=subscription)  # type: ignore[arg-type]

    monkeypatch.setattr(subscriptions, "begin_next_period", fails_once)
    services.close_due_periods()
    assert "cannot be worked on" in caplog.text
    assert [fresh(one).current_period_start > NOW + dt.timedelta(days=1) for one in (first, second)] == [False, True]
    monkeypatch.undo()
    services.close_due_periods()
    assert [one.status for one in invoices()] == ["paid"] * 4
