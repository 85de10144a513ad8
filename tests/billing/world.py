"""A creator with plans on sale, a consumer with a card, and a clock that can be moved."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from apps.accounts.access import Actor
from apps.billing import services
from apps.billing.enums import CheckoutStatus
from apps.billing.models import Checkout, Invoice
from apps.core import clock
from apps.ledger.enums import AccountKind
from apps.ledger.selectors import balance, find_account
from apps.payments.models import PaymentMethod
from apps.payments.selectors import has_default_card
from apps.plans.enums import OverageRule
from apps.plans.models import Plan
from apps.products.models import Product
from apps.subscriptions.models import Subscription
from apps.subscriptions.overage import OverageChoice
from apps.usage.counters.types import shard_of
from apps.usage.models import StreamPosition
from tests.factories.actors import make_actor
from tests.factories.payments import PaymentMethodFactory
from tests.factories.plans import PlanFactory, QuotaFactory
from tests.factories.products import ProductFactory, TierFactory

# A month of 30 days begins here, whatever the day is on which the tests run.
NOW = dt.datetime(2027, 4, 10, 12, 0, tzinfo=dt.UTC)
ALL_OVERAGE = OverageChoice(allowed=True)


@dataclass
class Shop:
    """Weather, with a free plan, Basic (10.00 a month), Pro (30.00 a month) and Metered (with overage)."""

    product: Product = field(default_factory=lambda: ProductFactory(name="Weather", organization__name="Northwind"))
    alice: Actor = field(default_factory=make_actor)

    def __post_init__(self) -> None:
        self.tier = TierFactory(product=self.product)
        self.free = self.plan("Free", 0)
        self.basic = self.plan("Basic", 1000)
        self.pro = self.plan("Pro", 3000)

    def plan(self, name: str, price: int, **values: Any) -> Plan:
        return PlanFactory(tier=self.tier, name=name, slug=name.lower(), price_amount=price, **values)

    def metered(self, name: str = "Metered", price: int = 1000, **quota: Any) -> Plan:
        """1,000 units a month, and each one beyond them for 2 cents."""
        plan = self.plan(name, price)
        terms = {"overage": OverageRule.PER_UNIT, "overage_unit_amount": 2, "overage_max_units": 5000}
        QuotaFactory(plan=plan, **({"included_units": 1000} | terms | quota))
        return plan

    def card(self, behaviour: str = "succeeds", *, is_default: bool = False) -> PaymentMethod:
        return PaymentMethodFactory(organization=self.alice.organization, behaviour=behaviour, is_default=is_default)

    def buy(self, plan: Plan, *, keep_card: bool = True, overage: OverageChoice | None = ALL_OVERAGE) -> Subscription:
        """A paid subscription of Alice's; the card is the default for its renewals."""
        if plan.is_pay_as_you_go and overage and not has_default_card(self.alice.organization):
            self.card(is_default=True)
        checkout = services.start_checkout(actor=self.alice, plan=plan, overage=overage)
        if checkout.status == CheckoutStatus.OPEN:
            card = self.card(is_default=keep_card)
            services.pay_checkout(actor=self.alice, checkout=checkout, method=card)
        return Subscription.objects.get(pk=checkout.subscription_id)

    def balances(self, currency: str = "USD") -> dict[str, int]:
        """Cash, what is owed to the creator, commission; and tax, fees and losses where there was any."""
        accounts = {
            "cash": find_account(kind=AccountKind.PROVIDER_CASH, currency=currency),
            "creator": find_account(
                kind=AccountKind.CREATOR_PAYABLE, currency=currency, organization=self.product.organization
            ),
            "platform": find_account(kind=AccountKind.PLATFORM_COMMISSION, currency=currency),
        }
        later = {
            "tax": AccountKind.TAX_PAYABLE,
            "fees": AccountKind.PROVIDER_FEES,
            "losses": AccountKind.PLATFORM_LOSSES,
        }
        opened = {name: find_account(kind=kind, currency=currency) for name, kind in later.items()}
        accounts |= {name: account for name, account in opened.items() if account}
        return {name: balance(account) if account else 0 for name, account in accounts.items()}


def move_clock(to: dt.datetime) -> None:
    clock.advance(to - clock.now())
    clock.refresh()


def meter_has_stored(subscription: Subscription, until: dt.datetime) -> None:
    """The watermark of the subscription's shard."""
    StreamPosition.objects.update_or_create(shard=shard_of(subscription.pk), defaults={"complete_until": until})


def invoices() -> list[Invoice]:
    return list(Invoice.objects.order_by("pk"))


def fresh(row: Any) -> Any:
    """The row as it is now."""
    return type(row).objects.get(pk=row.pk)


def open_checkout(subscription: Subscription) -> Checkout:
    return Checkout.objects.get(subscription=subscription, status=CheckoutStatus.OPEN)
