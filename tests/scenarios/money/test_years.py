"""A year in which the terms change: versions of a plan, the platform's share, coupons, tax, and what is used."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from apps.accounts.models import AuditEvent
from apps.billing import services as billing
from apps.billing.coupons import CouponSpec
from apps.billing.enums import CommissionScope
from apps.billing.models import InvoiceItem, TaxRate
from apps.billing.services.commissions import add_commission_rule
from apps.core.errors import DomainError
from apps.ledger.enums import AccountKind
from apps.plans.models import Plan
from apps.plans.services import revise_plan
from apps.plans.specs import PlanSpec
from apps.subscriptions import services as subscriptions
from apps.subscriptions.models import Subscription
from apps.subscriptions.overage import OverageChoice
from apps.subscriptions.services.migrations import migrate_all
from tests.billing.test_changes import use
from tests.billing.world import fresh
from tests.scenarios.money.world import Story, bills, day, lines

Begin = Callable[[str], Story]


@pytest.fixture
def taxed(settings: Any, db: None) -> None:
    """25 percent on top, for everybody."""
    settings.TAX_MODE, settings.TAX_ISSUER_COUNTRY = "rates", "DK"
    TaxRate.objects.create(country="DK", name="Moms", percent=Decimal(25), valid_from=dt.date(2027, 1, 1))


def totals(subscription: Subscription) -> list[int]:
    assert {invoice.status for invoice in bills(subscription)} == {"paid"}
    return [invoice.total_amount for invoice in bills(subscription)]


def test_a_price_that_changes_twice_for_subscribers_on_three_versions(story: Begin) -> None:
    begun = story("2027-01-10")

    def reprice(plan: Plan, price: int) -> Plan:
        spec = PlanSpec("Basic", tier_slug=begun.shop.tier.slug, price_amount=price)
        return begun.do(revise_plan, actor=begun.creator, plan=plan, spec=spec)

    def move(plan: Plan, to: Plan, when: str) -> int:
        begun.do(subscriptions.migrate_subscribers, actor=begun.creator, plan=plan, to=to, when=when)
        return begun.do(migrate_all, plan=plan, to=to, when=when, user=begun.creator.user)

    first = begun.shop.basic  # 10.00
    early = begun.buy(first)
    second = reprice(first, 1200)
    middle = begun.buy(second, of=begun.consumer())
    begun.until("2027-02-10")
    third = reprice(second, 1500)
    late = begun.buy(third, of=begun.consumer())
    for month in (3, 4):
        begun.until(f"2027-{month:02}-11")
    assert [totals(one) for one in (early, middle, late)] == [[1000] * 4, [1200] * 4, [1500] * 3]

    # Who is moved at the renewal pays the new price from then on; nothing is charged for the period that runs.
    assert move(first, third, "renewal") == 1
    assert (fresh(early).plan, fresh(early).pending_plan) == (first, third)
    begun.until("2027-05-11")
    assert fresh(early).plan == third
    assert [totals(one)[-1] for one in (early, middle, late)] == [1500, 1200, 1500]
    # Nobody is moved within a period to what costs more, and a price that falls holds for the next one.
    with pytest.raises(DomainError):
        subscriptions.migrate_subscribers(actor=begun.creator, plan=second, to=third, when="now")
    fourth = reprice(third, 800)
    assert move(second, fourth, "now") == 1
    assert fresh(middle).plan == fourth
    assert len(bills(middle)) == 5
    for month in (6, 7):
        begun.until(f"2027-{month:02}-11")
    assert [totals(one)[-2:] for one in (early, middle, late)] == [[1500] * 2, [800] * 2, [1500] * 2]
    assert begun.earned().total_amount == (4 * 1000 + 3 * 1500 + 5 * 1200 + 2 * 800 + 6 * 1500) * 9 // 10
    begun.end()


def test_a_year_of_shares_coupons_tax_and_usage(story: Begin, taxed: None) -> None:
    """What each of twelve months comes to was reckoned by hand."""
    begun = story("2027-01-10")
    for scope, percent, start, end, target in (
        (CommissionScope.CREATOR, 8, "2027-04-01", "2027-07-01", {"organization": begun.creator.organization}),
        (CommissionScope.PRODUCT, 5, "2027-07-01", None, {"product": begun.shop.product}),
    ):
        add_commission_rule(
            staff=begun.staff, scope=scope, percent=Decimal(percent), valid_from=day(start, 0),
            valid_until=day(end, 0) if end else None, reason="Agreed", **target,
        )  # fmt: skip
    half = CouponSpec("HALF", percent=Decimal(50), duration="repeating", cycles=3)
    billing.create_coupon(actor=begun.creator, product=begun.shop.product, spec=half)

    # 10.00 a month, 1,000 units, then 2 cents each for 3.00 at most; half of the price for three months.
    metered = begun.shop.metered()
    checkout = begun.do(
        billing.start_checkout,
        actor=begun.shop.alice, plan=metered, coupon="HALF", overage=OverageChoice(allowed=True, spend_cap_amount=300),
    )  # fmt: skip
    card = begun.shop.card(is_default=True)
    begun.do(billing.pay_checkout, actor=begun.shop.alice, checkout=checkout, method=card)
    capped = begun.has_meter(checkout.subscription)
    # 2 cents for each unit, and nothing else.
    payer = begun.consumer()
    payer.card(is_default=True)
    as_used = begun.buy(begun.shop.metered("Pay as you go", price=0, included_units=0), of=payer)
    yearly = begun.buy(begun.shop.plan("Yearly", 10_000, interval="year"), of=begun.consumer())

    calls = {1: [(as_used, 7)], 2: [(as_used, 30), (capped, 1120)], 5: [(capped, 1500)], 11: [(as_used, 40)]}
    for month in range(1, 13):
        for subscription, units in calls.get(month, []):
            use(subscription, units, day(f"2027-{month:02}-20"))
        if month == 9:
            # Calls of the period before are stored only now: its invoice stays as it is.
            issued = lines(bills(capped)[-1])
            use(capped, 1100, day("2027-08-20"))
            begun.until("2027-09-15")
            assert lines(bills(capped)[8]) == issued == [("plan", 1, 1000)]
        if month == 12:
            use(as_used, 5, day("2027-12-12"))
            begun.until("2027-12-15")
            begun.do(subscriptions.cancel_subscription, actor=payer.alice, subscription=as_used)
        begun.until(f"{2027 + month // 12}-{month % 12 + 1:02}-11")

    net = [500, 500, 740, 1000, 1000, 1300, 1000, 1000, 1000, 1200, 1000, 1000, 1000]
    assert [invoice.subtotal_amount for invoice in bills(capped)] == net
    assert totals(capped) == [amount * 5 // 4 for amount in net]
    assert lines(bills(capped)[2]) == [("plan", 1, 1000), ("discount", 1, -500), ("overage", 120, 240)]
    assert lines(bills(capped)[5]) == [("plan", 1, 1000), ("overage", 150, 300)]
    assert lines(bills(capped)[9]) == [("plan", 1, 1000), ("overage", 100, 200)]
    # 14 cents are too little to be charged, and wait; tax is rounded for each line. The last 10 are waived.
    assert [(one.subtotal_amount, one.tax_amount) for one in bills(as_used)] == [(74, 19), (80, 20)]
    assert InvoiceItem.objects.filter(waived_at__isnull=False).values_list("amount", flat=True).get() == 10
    assert AuditEvent.objects.filter(action="invoice_items.waived").exists()
    assert totals(yearly) == [12_500, 12_500]

    shares = [50, 50, 74, 80, 80, 104, 50, 50, 50, 60, 50, 50, 50, 7, 4, 1000, 500]
    assert begun.on(AccountKind.PLATFORM_COMMISSION) == -sum(shares) == -2309
    assert begun.on(AccountKind.TAX_PAYABLE) == -8099
    assert begun.earned().total_amount == 32_394 - 2309
    assert begun.on(AccountKind.PROVIDER_CASH) == 32_394 + 8099
    begun.end()
