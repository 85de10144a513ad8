"""A card that fails: one that recovers by itself, one that is paid by hand, one that never is."""

from collections.abc import Callable

import pytest

from apps.billing import services as billing
from apps.billing.enums import CreditReason
from apps.billing.errors import InvoiceNotOpen
from apps.billing.models import DunningRun
from apps.payments.models import Payment, PaymentMethod
from apps.subscriptions import services as subscriptions
from apps.subscriptions.models import Subscription
from tests.billing.world import Shop, fresh
from tests.scenarios.money.world import Story, bills, told

Begin = Callable[[str], Story]
FAILING = "sbx:insufficient_funds:visa:9995:2060-12:x"


def with_a_failed_renewal(begun: Story) -> tuple[Subscription, Shop]:
    """The renewal of 10 May is declined."""
    subscription = begun.buy(begun.shop.pro)
    PaymentMethod.objects.filter(organization=begun.shop.alice.organization).update(token=FAILING)
    begun.through("2027-05-10", first="2027-05-09")
    assert (fresh(subscription).status, bills(subscription)[-1].status) == ("past_due", "open")
    return subscription, begun.shop


def attempts(subscription: Subscription) -> list[str]:
    """What became of each, of the renewal."""
    tried = Payment.objects.filter(reference=bills(subscription)[1].public_id).order_by("pk")
    return [payment.status for payment in tried]


def test_a_failed_payment_that_recovers(story: Begin) -> None:
    begun = story("2027-04-10")
    subscription, shop = with_a_failed_renewal(begun)
    begun.through("2027-05-12")  # tried after a day
    assert attempts(subscription) == ["failed", "failed"]
    PaymentMethod.objects.filter(organization=shop.alice.organization).update(is_default=False)
    begun.do(shop.card, is_default=True)
    begun.through("2027-05-20")
    assert attempts(subscription) == ["failed", "failed", "succeeded"]
    assert fresh(subscription).status == "active"
    begun.until("2027-06-10")
    assert told(bills(subscription)) == [
        ("subscribe", 3000, "paid"),
        ("renewal", 3000, "paid"),
        ("renewal", 3000, "paid"),
    ]
    assert bills(subscription)[2].period_start == bills(subscription)[1].period_end, "no day is given or lost"
    begun.end()


def test_one_that_is_paid_by_hand_between_two_attempts(story: Begin) -> None:
    begun = story("2027-04-10")
    subscription, shop = with_a_failed_renewal(begun)
    renewal = bills(subscription)[1]
    begun.through("2027-05-11")
    begun.do(billing.pay_invoice, actor=shop.alice, invoice=renewal, method=shop.card())
    with pytest.raises(InvoiceNotOpen):
        billing.pay_invoice(actor=shop.alice, invoice=renewal, method=shop.card())
    begun.through("2027-05-20")
    assert attempts(subscription) == ["failed", "failed", "succeeded"]
    assert DunningRun.objects.get().ended_at is not None
    begun.end()


def test_a_failed_payment_that_does_not_recover(story: Begin) -> None:
    begun = story("2027-04-10")
    subscription, shop = with_a_failed_renewal(begun)
    begun.through("2027-05-20")
    assert attempts(subscription) == ["failed"] * 5  # at once, and after 1, 3, 5 and 7 days
    assert fresh(subscription).status == "unpaid"
    # The period that begins meanwhile is not charged: nothing worked in it.
    begun.through("2027-06-25", first="2027-06-08")
    assert told(bills(subscription)) == [("subscribe", 3000, "paid"), ("renewal", 3000, "uncollectible")]
    assert fresh(subscription).status == "canceled"
    assert begun.earned().total_amount == 2700, "nothing is owed to the creator for what nobody paid"

    # Who comes back in autumn pays what is owed, and subscribes anew.
    again = begun.consumer()
    again.alice = shop.alice
    PaymentMethod.objects.update(is_default=False)
    begun.do(billing.pay_invoice, actor=shop.alice, invoice=bills(subscription)[1], method=shop.card())
    anew = begun.buy(begun.shop.pro, of=again)
    assert (fresh(subscription).status, fresh(anew).status) == ("canceled", "active")
    assert begun.earned().total_amount == 3 * 2700
    begun.do(subscriptions.cancel_subscription, actor=shop.alice, subscription=anew)
    begun.until("2027-09-01")
    begun.end()


def test_a_part_is_let_off_and_the_next_attempt_charges_the_rest(story: Begin) -> None:
    begun = story("2027-04-10")
    subscription, shop = with_a_failed_renewal(begun)
    renewal = bills(subscription)[1]
    begun.do(
        billing.refund_invoice, actor=begun.creator, invoice=renewal, reason=CreditReason.GOODWILL, amount=1000
    )  # fmt: skip
    PaymentMethod.objects.update(is_default=False)
    shop.card(is_default=True)
    begun.through("2027-05-11")
    assert Payment.objects.get(reference=renewal.public_id, status="succeeded").amount == 2000


def test_a_part_is_let_off_and_the_rest_is_paid(story: Begin) -> None:
    begun = story("2027-04-10")
    subscription, shop = with_a_failed_renewal(begun)
    renewal = bills(subscription)[1]
    begun.do(
        billing.refund_invoice, actor=begun.creator, invoice=renewal, reason=CreditReason.GOODWILL, amount=1000
    )  # fmt: skip
    payment = begun.do(billing.pay_invoice, actor=shop.alice, invoice=renewal, method=shop.card())
    assert payment.amount == 2000
    assert begun.earned().total_amount == 2700 + 1800
    begun.do(billing.refund_invoice, actor=begun.creator, invoice=fresh(renewal), reason=CreditReason.GOODWILL)
    assert begun.earned().total_amount == 2700
    begun.end()
