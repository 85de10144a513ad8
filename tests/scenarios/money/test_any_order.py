"""Whatever people do and in whatever order: no step leaves the books, the documents or the provider's list at odds."""

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from apps.billing import services as billing
from apps.billing.coupons import CouponSpec
from apps.billing.enums import CreditReason, InvoiceStatus
from apps.billing.models import Checkout, Invoice, TaxRate
from apps.core import clock
from apps.core.errors import DomainError
from apps.payments.enums import DisputeStatus
from apps.payments.models import Dispute, PaymentMethod
from apps.payments.services import lose_sandbox_dispute, process_events, win_sandbox_dispute
from apps.payouts import services as payouts
from apps.plans.models import Plan
from apps.subscriptions import services as subscriptions
from apps.subscriptions.models import Subscription
from apps.subscriptions.overage import OverageChoice
from tests.billing.test_changes import use
from tests.billing.world import Shop, move_clock
from tests.scenarios.money.world import DAY, Story

CARDS = ["succeeds"] * 6 + ["insufficient_funds", "card_declined", "confirms_off_session", "disputed"]


class Bustle:
    """Things that people do, drawn by a seed. What is refused must have changed nothing: the check sees to it."""

    def __init__(self, story: Story, seed: int) -> None:
        self.story, self.rng = story, random.Random(seed)
        self.done: Counter[str] = Counter()
        story.take_payouts()
        shop = story.shop
        self.shops: list[Shop] = []
        self.plans: list[Plan] = [
            shop.free, shop.basic, shop.pro, shop.metered(),
            shop.metered("Pay as you go", price=0, included_units=0),
            shop.plan("Cents", 30), shop.plan("Yearly", 20_000, interval="year"),
            shop.plan("Weekly", 333, interval="week"), shop.plan("Trial", 2500, trial_days=10),
            shop.plan("Yen", 900, currency="JPY"),
        ]  # fmt: skip
        billing.create_coupon(
            actor=story.creator, product=shop.product,
            spec=CouponSpec("THIRD", percent=Decimal("33.33"), duration="forever"),
        )  # fmt: skip

    def step(self) -> None:
        what = self.rng.choice(
            [self.wait] * 5 + [self.buy] * 3 + [self.change] * 4 + [self.use] * 3
            + [self.end, self.undo, self.pause, self.resume, self.give_back, self.give_back, self.pay,
               self.another_card, self.decide, self.pay_out, self.coupon, self.cap]
        )  # fmt: skip
        try:
            what()
            self.done[what.__name__] += 1
        except DomainError:
            self.done[f"{what.__name__} refused"] += 1
        process_events()
        self.story.check()

    def wait(self) -> None:
        move_clock(clock.now() + self.rng.randint(1, 480) * dt.timedelta(hours=1))
        self.story.jobs(minutes=3)

    def buy(self) -> None:
        shop = self.story.consumer()
        behaviour = self.rng.choice(CARDS)
        card = shop.card(behaviour, is_default=True)
        coupon = self.rng.choice(["", "", "THIRD"])
        overage = OverageChoice(allowed=True, spend_cap_amount=self.rng.choice([None, 77, 500]))
        checkout = billing.start_checkout(
            actor=shop.alice, plan=self.rng.choice(self.plans), overage=overage, coupon=coupon
        )
        self.shops.append(shop)
        self.story.has_meter(checkout.subscription)
        if checkout.status == "open":
            billing.pay_checkout(actor=shop.alice, checkout=checkout, method=card)

    def change(self) -> None:
        shop, subscription = self.somebody()
        changed = billing.start_plan_change(
            actor=shop.alice, subscription=subscription, plan=self.rng.choice(self.plans)
        )  # fmt: skip
        if isinstance(changed, Checkout) and self.rng.random() < 0.8:
            card = PaymentMethod.objects.get(organization=shop.alice.organization, is_default=True)
            billing.pay_checkout(actor=shop.alice, checkout=changed, method=card)

    def use(self) -> None:
        _shop, subscription = self.somebody()
        start = subscription.current_period_start
        if start is not None and subscription.canceled_at is None:
            at = max(start, clock.now() - self.rng.randint(0, 30) * DAY)
            use(subscription, self.rng.choice([1, 30, 400, 1500]), at)

    def end(self) -> None:
        shop, subscription = self.somebody()
        stop = self.rng.choice([subscriptions.cancel_subscription, subscriptions.cancel_at_period_end])
        stop(actor=shop.alice, subscription=subscription)

    def undo(self) -> None:
        shop, subscription = self.somebody()
        subscriptions.undo_scheduled(actor=shop.alice, subscription=subscription)

    def pause(self) -> None:
        subscriptions.pause_consumer(actor=self.story.creator, subscription=self.somebody()[1])

    def resume(self) -> None:
        subscriptions.resume_consumer(actor=self.story.creator, subscription=self.somebody()[1])

    def give_back(self) -> None:
        invoices = list(Invoice.objects.exclude(status=InvoiceStatus.DRAFT).order_by("pk"))
        if invoices:
            invoice = self.rng.choice(invoices)
            amount = self.rng.choice([None, 1, max(1, invoice.total_amount // 3), invoice.total_amount + 1])
            billing.refund_invoice(
                actor=self.story.creator, invoice=invoice, reason=CreditReason.GOODWILL, amount=amount
            )  # fmt: skip

    def pay(self) -> None:
        waiting = [InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE]
        found = list(Invoice.objects.filter(status__in=waiting).order_by("pk"))
        if found:
            invoice = self.rng.choice(found)
            [shop] = [one for one in self.shops if one.alice.organization == invoice.organization]
            billing.pay_invoice(actor=shop.alice, invoice=invoice, method=shop.card(self.rng.choice(CARDS)))

    def another_card(self) -> None:
        shop, _subscription = self.somebody()
        PaymentMethod.objects.filter(organization=shop.alice.organization).update(is_default=False)
        if self.rng.random() < 0.8:
            shop.card(self.rng.choice(CARDS), is_default=True)

    def decide(self) -> None:
        for dispute in Dispute.objects.filter(status=DisputeStatus.NEEDS_RESPONSE):
            close = self.rng.choice([win_sandbox_dispute, lose_sandbox_dispute])
            close(staff=self.story.staff, dispute=dispute, reason="The bank has decided")

    def pay_out(self) -> None:
        payouts.request_payout(actor=self.story.creator, currency="USD")
        payouts.send_due_payouts()

    def coupon(self) -> None:
        shop, subscription = self.somebody()
        billing.redeem_coupon(actor=shop.alice, subscription=subscription, code="THIRD")

    def cap(self) -> None:
        shop, subscription = self.somebody()
        allowed = self.rng.random() < 0.7
        cap = self.rng.choice([None, 50, 900]) if allowed else None
        choice = OverageChoice(allowed=allowed, spend_cap_amount=cap)
        subscriptions.set_overage(actor=shop.alice, subscription=subscription, choice=choice)

    def somebody(self) -> tuple[Shop, Subscription]:
        if not self.shops:
            self.buy()
        shop = self.rng.choice(self.shops)
        return shop, Subscription.objects.filter(organization=shop.alice.organization).latest("pk")


@pytest.mark.parametrize(
    ("seed", "steps"), [(0, 25), *(pytest.param(seed, 80, marks=pytest.mark.long) for seed in (1, 2, 3, 6))]
)
def test_the_books_hold_in_any_order(story: Callable[[str], Story], settings: Any, seed: int, steps: int) -> None:
    settings.TAX_MODE, settings.TAX_ISSUER_COUNTRY = "rates", "DK"
    begun = story("2027-01-31")
    TaxRate.objects.create(country="DK", name="Moms", percent=25, valid_from=dt.date(2027, 1, 1))
    bustle = Bustle(begun, seed)
    for _ in range(steps):
        bustle.step()
    assert sum(bustle.done.values()) == steps
    begun.end()
