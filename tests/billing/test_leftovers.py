"""What is too little to be charged, or found late, is on the next invoice: nothing vanishes or is charged twice."""

import datetime as dt

import pytest
from django.db import DatabaseError, transaction

from apps.accounts.models import AuditEvent
from apps.billing import services
from apps.billing.models import InvoiceItem, UsageStretch
from apps.core import clock
from apps.payments.models import Payment
from apps.subscriptions import services as subscriptions
from apps.subscriptions.models import Subscription
from tests.billing.test_changes import use
from tests.billing.world import NOW, Shop, fresh, invoices, meter_has_stored, move_clock

MONTH = dt.timedelta(days=31)


def turn(subscription: Subscription, to: dt.datetime) -> None:
    move_clock(to)
    meter_has_stored(subscription, to)
    services.close_due_periods()


def lines() -> list[list[tuple[str, int]]]:
    return [[(line.kind, line.amount) for line in one.lines.all()] for one in invoices()]


class TestTooLittle:
    """The provider charges 50 cents at least."""

    def test_it_waits_until_there_is_enough(self, shop: Shop) -> None:
        shop.card(is_default=True)
        subscription = shop.buy(shop.metered(price=0))
        use(subscription, 1010, NOW + dt.timedelta(days=3))  # 20 cents
        turn(subscription, NOW + MONTH)
        turn(subscription, NOW + 2 * MONTH)
        assert (invoices(), InvoiceItem.objects.get().amount) == ([], 20)
        use(subscription, 1020, clock.now())  # 40 cents
        turn(subscription, NOW + 3 * MONTH)
        assert lines() == [[("overage", 40), ("overage", 20)]]
        assert [one.status for one in invoices()] == ["paid"]
        turn(subscription, NOW + 4 * MONTH)
        assert (len(invoices()), Payment.objects.count()) == (1, 1)

    def test_a_price_below_it_is_collected_every_other_month(self, shop: Shop) -> None:
        subscription = shop.buy(shop.plan("Cents", 30))
        shop.card(is_default=True)
        assert (subscription.status, invoices(), Payment.objects.count()) == ("active", [], 0)
        for month in (1, 2, 3, 4):
            turn(subscription, NOW + month * MONTH)
        assert lines() == [[("plan", 30), ("plan", 30)], [("plan", 30), ("plan", 30)]]
        assert InvoiceItem.objects.waiting().count() == 1

    def test_exactly_as_much_as_can_be_charged_is(self, shop: Shop) -> None:
        shop.card(is_default=True)
        subscription = shop.buy(shop.metered(price=0))
        use(subscription, 1025, NOW + dt.timedelta(days=3))
        turn(subscription, NOW + MONTH)
        assert [(one.total_amount, one.status) for one in invoices()] == [(50, "paid")]

    def test_a_change_that_costs_less_holds_at_once(self, shop: Shop) -> None:
        subscription = shop.buy(shop.basic)
        nearly = shop.plan("Nearly", 1040)
        move_clock(NOW + dt.timedelta(days=1))
        changed = services.start_plan_change(actor=shop.alice, subscription=subscription, plan=nearly)
        assert (fresh(subscription).plan, isinstance(changed, Subscription)) == (nearly, True)
        owed = sum(item.amount for item in InvoiceItem.objects.waiting())
        assert 0 < owed < 50
        turn(subscription, NOW + MONTH)
        assert invoices()[-1].total_amount == 1040 + owed

    def test_at_the_end_it_is_waived_and_the_audit_log_says_so(self, shop: Shop) -> None:
        shop.card(is_default=True)
        subscription = shop.buy(shop.metered(price=0))
        use(subscription, 1010, NOW + dt.timedelta(days=3))
        move_clock(NOW + dt.timedelta(days=5))
        subscriptions.cancel_subscription(actor=shop.alice, subscription=subscription)
        for _ in range(2):
            turn(subscription, clock.now() + dt.timedelta(minutes=1))
        item = InvoiceItem.objects.get()
        assert (item.amount, item.waived_at is not None, invoices()) == (20, True, [])
        assert "20 USD" in AuditEvent.objects.get(action="invoice_items.waived").summary
        with pytest.raises(DatabaseError), transaction.atomic():
            InvoiceItem.objects.update(waived_at=None)

    def test_who_begins_again_and_again_pays_once_it_is_enough(self, shop: Shop) -> None:
        shop.card(is_default=True)
        plan = shop.metered(price=0)
        for time in range(4):
            subscription = shop.buy(plan)
            use(subscription, 1010, clock.now() + dt.timedelta(seconds=1))
            move_clock(NOW + dt.timedelta(days=time + 1))
            subscriptions.cancel_subscription(actor=shop.alice, subscription=subscription)
            for _ in range(2):
                turn(subscription, clock.now() + dt.timedelta(minutes=1))
        assert [(one.total_amount, one.status) for one in invoices()] == [(60, "paid")]
        assert InvoiceItem.objects.filter(waived_at__isnull=True, invoice__isnull=True).count() == 0


class TestLateUsage:
    """Calls that are stored after the invoice of their time was issued."""

    def charged(self, shop: Shop) -> Subscription:
        subscription = shop.buy(shop.metered())
        use(subscription, 1100, NOW + dt.timedelta(days=3))
        turn(subscription, NOW + MONTH)
        assert lines()[-1] == [("plan", 1000), ("overage", 200)]
        assert services.find_late_usage() == 0
        return subscription

    def test_it_is_on_the_next_invoice_once_and_changes_none(self, shop: Shop) -> None:
        subscription = self.charged(shop)
        use(subscription, 60, NOW + dt.timedelta(days=4))
        assert [services.find_late_usage(), services.find_late_usage()] == [1, 0]
        use(subscription, 5, NOW + dt.timedelta(days=5))
        assert services.find_late_usage() == 1
        assert lines()[-1] == [("plan", 1000), ("overage", 200)]
        turn(subscription, NOW + 2 * MONTH)
        assert lines()[-1] == [("plan", 1000), ("overage", 120), ("overage", 10)]
        assert UsageStretch.objects.earliest("end").rated_units == 165

    def test_of_a_canceled_subscription_it_has_an_invoice_of_its_own(self, shop: Shop) -> None:
        subscription = self.charged(shop)
        subscriptions.cancel_subscription(actor=shop.alice, subscription=subscription)
        use(subscription, 60, NOW + dt.timedelta(days=4))
        services.find_late_usage()
        for _ in range(2):
            turn(subscription, clock.now() + dt.timedelta(minutes=1))
        assert (invoices()[-1].reason, invoices()[-1].status, lines()[-1]) == ("usage", "paid", [("overage", 120)])
        assert len(invoices()) == 3

    def test_what_was_charged_never_shrinks(self, shop: Shop) -> None:
        self.charged(shop)
        with pytest.raises(DatabaseError), transaction.atomic():
            UsageStretch.objects.filter(rated_units=100).update(rated_units=99)
