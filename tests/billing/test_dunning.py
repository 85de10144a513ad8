"""A charge that fails: tried again on its days, then 402; paid, all is as before, and nothing was charged twice."""

import datetime as dt
import re

import pytest

from apps.billing import services
from apps.billing.errors import EarlierInvoiceOpen
from apps.billing.models import DunningRun, Invoice
from apps.billing.services.collecting import collect_invoice
from apps.billing.services.retrying import retry
from apps.gateway.engine.entities import Standing
from apps.gateway.selectors import find_key
from apps.notifications.models import Notice
from apps.payments.enums import SandboxAnswer
from apps.payments.models import Payment, PaymentMethod
from apps.payments.providers.sandbox.provider import SandboxProvider
from apps.payments.services import collect_payment, settle_payments
from apps.subscriptions import services as subscriptions
from apps.subscriptions.models import Subscription
from tests.billing.world import NOW, Shop, fresh, invoices, move_clock
from tests.factories.actors import make_actor
from tests.factories.keys import ApiKeyFactory
from tests.threads import at_once

FAILS = NOW + dt.timedelta(days=30, hours=1)
NEEDS_CONFIRMATION = "sbx:confirms_off_session:visa:3155:2060-12:x"
DECLINES = "sbx:insufficient_funds:visa:9995:2060-12:x"


def after(days: float) -> dict[str, int]:
    """Run the jobs so many days after the first failure, and a minute: the clock runs on while a test does."""
    move_clock(FAILS + dt.timedelta(days=days, minutes=1 if days else 0))
    services.close_due_periods()
    return services.run_dunning()


def failed_renewal(shop: Shop) -> tuple[Subscription, Invoice]:
    subscription = shop.buy(shop.pro)
    PaymentMethod.objects.update(token=DECLINES)
    after(0)
    return subscription, invoices()[-1]


def attempts(invoice: Invoice) -> int:
    return Payment.objects.filter(reference=invoice.public_id).count()


def standing(subscription: Subscription) -> Standing:
    key = subscription.api_keys.first() or ApiKeyFactory(subscription=subscription)
    entry = find_key(bytes(key.digest))
    assert entry is not None
    return entry.entitlement.standing


def notices(kind: str) -> list[str]:
    return list(Notice.objects.filter(kind=kind).order_by("pk").values_list("body", flat=True))


def test_the_card_is_tried_again_on_its_days_and_then_calls_are_refused(shop: Shop) -> None:
    subscription, renewal = failed_renewal(shop)
    made = []
    for hours in range(6, 24 * 9, 6):
        after(hours / 24)
        services.run_dunning()
        if attempts(renewal) > 1 + len(made):
            made.append(hours / 24)
            assert standing(subscription) == (Standing.UNPAID if len(made) == 4 else Standing.OPEN)
    assert made == [1, 3, 5, 7]
    assert [fresh(one).status for one in (subscription, renewal)] == ["unpaid", "open"]
    told = notices("invoice.payment_failed")
    days = [text.rpartition("again on ")[2] for text in told]
    assert days == ["11 May 2027.", "13 May 2027.", "15 May 2027.", "17 May 2027."]
    [last] = notices("invoice.unpaid")
    assert re.search("refused with 402.*within 30 days", last)


def test_paid_by_hand_between_two_attempts_it_is_charged_once(shop: Shop) -> None:
    subscription, renewal = failed_renewal(shop)
    after(1.5)
    services.pay_invoice(actor=shop.alice, invoice=renewal, method=shop.card())
    PaymentMethod.objects.update(token=PaymentMethod.objects.order_by("pk").last().token)  # type: ignore[union-attr]
    for day in (3, 5, 7, 8):
        assert set(after(day).values()) == {0}
    assert Payment.objects.filter(reference=renewal.public_id, status="succeeded").count() == 1
    assert (fresh(subscription).status, shop.balances()["cash"]) == ("active", 6000)
    assert DunningRun.objects.get().ended_at is not None


def test_the_attempt_takes_the_card_that_is_the_default_then(shop: Shop) -> None:
    subscription, renewal = failed_renewal(shop)
    PaymentMethod.objects.update(is_default=False)
    after(1)  # without a card it counts as an attempt
    assert attempts(renewal) == 1
    assert "no card" in notices("invoice.payment_failed")[-1]
    shop.card(is_default=True)
    after(3)
    assert [fresh(one).status for one in (renewal, subscription)] == ["paid", "active"]
    assert DunningRun.objects.get().attempts == 2


def test_attempts_that_were_missed_are_not_made_up_for_at_once(shop: Shop) -> None:
    _subscription, renewal = failed_renewal(shop)
    after(20)
    services.run_dunning()
    assert attempts(renewal) == 2
    after(21.1)
    services.run_dunning()
    assert attempts(renewal) == 3


class TestUnpaid:
    def given_up(self, shop: Shop) -> tuple[Subscription, Invoice]:
        subscription, renewal = failed_renewal(shop)
        for day in (1, 3, 5, 7):
            after(day)
        assert fresh(subscription).status == "unpaid"
        return subscription, renewal

    def test_paid_in_the_same_period_it_is_restored_and_the_period_goes_on(self, shop: Shop) -> None:
        subscription, renewal = self.given_up(shop)
        after(10)
        services.pay_invoice(actor=shop.alice, invoice=renewal, method=shop.card())
        restored = fresh(subscription)
        assert (restored.status, standing(subscription)) == ("active", Standing.OPEN)
        assert restored.current_period_start == renewal.period_start
        after(11)
        assert len(invoices()) == 2

    def test_a_period_in_which_nothing_worked_is_not_charged_and_a_new_one_begins_with_the_payment(
        self, shop: Shop
    ) -> None:
        subscription, renewal = self.given_up(shop)
        after(33)  # the next period has begun
        assert (len(invoices()), fresh(subscription).status) == (2, "unpaid")
        services.pay_invoice(actor=shop.alice, invoice=renewal, method=shop.card(is_default=False))
        assert fresh(subscription).status == "active"
        services.close_due_periods()
        at = fresh(subscription).anchored_at
        assert dt.timedelta() <= at - FAILS - dt.timedelta(days=33, minutes=1) < dt.timedelta(minutes=1)
        first_again = invoices()[-1]
        assert (first_again.period_start, first_again.total_amount, first_again.status) == (at, 3000, "paid")
        assert shop.balances()["cash"] == 9000

    def test_after_thirty_days_it_is_canceled_and_what_is_owed_can_still_be_paid(self, shop: Shop) -> None:
        subscription, renewal = self.given_up(shop)
        after(36.9)
        assert fresh(subscription).status == "unpaid"
        assert after(37.1)["unpaid invoices given up"] == 1
        assert [fresh(one).status for one in (subscription, renewal)] == ["canceled", "uncollectible"]
        assert len(notices("subscription.canceled_unpaid")) == 1
        assert set(after(38).values()) == {0}
        with pytest.raises(EarlierInvoiceOpen):
            services.start_checkout(actor=shop.alice, plan=shop.basic)
        services.pay_invoice(actor=shop.alice, invoice=renewal, method=shop.card())
        assert [fresh(one).status for one in (subscription, renewal)] == ["canceled", "paid"]
        assert services.start_checkout(actor=shop.alice, plan=shop.basic).status == "open"

    def test_a_pause_hides_it(self, shop: Shop) -> None:
        subscription, renewal = failed_renewal(shop)
        owner = make_actor(shop.product.organization)
        subscriptions.pause_consumer(actor=owner, subscription=subscription)
        for day in (1, 3, 5, 7):
            after(day)
        assert fresh(subscription).status == "paused"
        assert subscriptions.resume_consumer(actor=owner, subscription=subscription).status == "unpaid"
        services.pay_invoice(actor=shop.alice, invoice=renewal, method=shop.card())
        assert fresh(subscription).status == "active"


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_one_attempt() -> None:
    move_clock(NOW)
    shop = Shop()
    _subscription, renewal = failed_renewal(shop)
    move_clock(FAILS + dt.timedelta(days=1, minutes=1))
    run = DunningRun.objects.get()
    at_once(lambda: retry(run), lambda: retry(run), lambda: retry(run))
    assert (attempts(renewal), fresh(run).attempts) == (2, 1)


def test_who_comes_late_to_an_attempt_makes_none(shop: Shop) -> None:
    _subscription, renewal = failed_renewal(shop)
    assert not collect_invoice(invoice=renewal), "it was collected"
    found = [DunningRun.objects.get() for _worker in range(2)]
    move_clock(FAILS + dt.timedelta(days=1, minutes=1))
    assert [retry(run) for run in found] == [True, False]
    assert attempts(renewal) == 2


class TestConfirmation:
    """The bank wants the cardholder, who is not there."""

    def waiting(self, shop: Shop) -> tuple[Subscription, Invoice]:
        subscription = shop.buy(shop.pro)
        PaymentMethod.objects.update(token=NEEDS_CONFIRMATION)
        after(0)
        return subscription, invoices()[-1]

    def test_they_are_told_where_and_it_counts_as_a_failure_until_they_have(self, shop: Shop) -> None:
        subscription, renewal = self.waiting(shop)
        payment = Payment.objects.get(reference=renewal.public_id)
        assert (payment.status, fresh(subscription).status) == ("requires_action", "past_due")
        [told] = notices("invoice.confirmation_needed")
        assert payment.action_url in told
        SandboxProvider().answer_confirmation(reference=payment.provider_reference, answer=SandboxAnswer.CONFIRMED)
        collect_payment(payment=payment)
        assert [fresh(one).status for one in (subscription, renewal)] == ["active", "paid"]
        assert set(after(2).values()) == {0}
        assert attempts(renewal) == 1

    def test_unconfirmed_for_a_day_it_is_tried_again(self, shop: Shop) -> None:
        subscription, renewal = self.waiting(shop)
        after(0.5)
        assert attempts(renewal) == 1
        move_clock(FAILS + dt.timedelta(days=1, minutes=5))
        settle_payments()
        assert "again on 11 May" in notices("invoice.payment_failed")[0]
        after(1.1)
        assert attempts(renewal) == 2
        assert fresh(subscription).status == "past_due"
