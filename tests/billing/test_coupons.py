"""Coupons: what they take off, for how long, and who may enter one."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.billing import services
from apps.billing.coupons import CouponSpec
from apps.billing.errors import CouponRefused
from apps.billing.models import Checkout, Coupon, CouponRedemption
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound
from apps.plans.models import Plan
from apps.subscriptions import services as subscriptions
from apps.subscriptions.models import Subscription
from tests.billing.world import NOW, Shop, fresh, invoices, meter_has_stored, move_clock
from tests.factories.accounts import UserFactory
from tests.factories.actors import make_actor
from tests.portal.support import text_of

pytestmark = pytest.mark.django_db

HALF = CouponSpec("half", percent=Decimal(50))


@pytest.fixture
def owner(shop: Shop) -> Any:
    return make_actor(shop.product.organization)


def lines() -> list[tuple[str, int]]:
    return [(line.kind, line.amount) for line in invoices()[-1].lines.all()]


def turn(month: int) -> None:
    move_clock(NOW + dt.timedelta(days=31 * month))
    services.close_due_periods()


@pytest.mark.parametrize(
    ("terms", "totals"),
    [
        ({}, [500, 1000, 1000, 1000]),
        ({"percent": Decimal("33.33")}, [667, 1000, 1000, 1000]),
        ({"percent": None, "amount": 300, "currency": "USD", "duration": "forever"}, [700, 700, 700, 700]),
        ({"duration": "repeating", "cycles": 3}, [500, 500, 500, 1000]),
    ],
)
def test_it_is_taken_off_for_as_long_as_it_says(
    shop: Shop, owner: Any, terms: dict[str, Any], totals: list[int]
) -> None:
    services.create_coupon(actor=owner, product=shop.product, spec=replace(HALF, **terms))
    checkout = services.start_checkout(actor=shop.alice, plan=shop.basic, coupon=" Half ")
    services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card(is_default=True))
    for month in (1, 2, 3):
        turn(month)
    assert [one.total_amount for one in invoices()] == totals
    assert {one.status for one in invoices()} == {"paid"}
    assert shop.balances()["cash"] == sum(totals)


def test_what_costs_nothing_begins_without_a_payment_and_usage_is_not_discounted(shop: Shop, owner: Any) -> None:
    free = CouponSpec("FREE", percent=Decimal(100), duration="repeating", cycles=2)
    services.create_coupon(actor=owner, product=shop.product, spec=free)
    checkout = services.start_checkout(actor=shop.alice, plan=shop.metered(), coupon="FREE")
    subscription = fresh(checkout.subscription)
    assert (checkout.status, checkout.invoice, subscription.status, invoices()) == ("completed", None, "active", [])
    shop.card(is_default=True)
    for month, expected in ((1, []), (2, [1000])):  # the second period is free, too
        meter_has_stored(subscription, NOW + dt.timedelta(days=31 * month))
        turn(month)
        assert [one.total_amount for one in invoices()] == expected


def upgrade(shop: Shop, subscription: Subscription, plan: Plan) -> list[tuple[str, int]]:
    """The lines of an upgrade, which is paid."""
    checkout = services.start_plan_change(actor=shop.alice, subscription=subscription, plan=plan)
    assert isinstance(checkout, Checkout)
    services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())
    return lines()


def test_an_upgrade_credits_what_was_paid_and_the_coupon_holds_for_the_whole_period(shop: Shop, owner: Any) -> None:
    spec = replace(HALF, duration="repeating", cycles=2)
    services.create_coupon(actor=owner, product=shop.product, spec=spec)
    checkout = services.start_checkout(actor=shop.alice, plan=shop.basic, coupon="half")
    services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card(is_default=True))
    subscription = fresh(checkout.subscription)
    move_clock(NOW + dt.timedelta(days=15))
    offer = services.quote_change(shop.alice, subscription, shop.pro)
    assert (offer.due_amount, offer.renewal_amount) == (1500 - 750 - 250, 1500)
    assert upgrade(shop, subscription, shop.pro) == [
        ("proration_charge", 1500), ("discount", -750), ("proration_credit", -250)
    ]  # fmt: skip
    # Again, in the same period: what was paid for it is credited, whatever it was for.
    move_clock(NOW + dt.timedelta(days=20))
    most = shop.plan("Most", 6000)
    assert upgrade(shop, fresh(subscription), most) == [
        ("proration_charge", 2000), ("discount", -1000), ("proration_credit", -500)
    ]  # fmt: skip
    turn(1)
    assert lines() == [("plan", 6000), ("discount", -3000)]
    turn(2)
    assert lines() == [("plan", 6000)]


def test_what_was_free_with_a_coupon_is_not_credited(shop: Shop, owner: Any) -> None:
    spec = replace(HALF, percent=Decimal(100), plan_slugs=("basic",))
    services.create_coupon(actor=owner, product=shop.product, spec=spec)
    checkout = services.start_checkout(actor=shop.alice, plan=shop.basic, coupon="half")
    offer = services.quote_change(shop.alice, fresh(checkout.subscription), shop.pro)
    assert (offer.proration.charge_amount, offer.proration.credit_amount, offer.due_amount) == (3000, 0, 3000)


def test_a_period_of_its_own_takes_one_off_the_coupon(shop: Shop, owner: Any) -> None:
    spec = replace(HALF, duration="repeating", cycles=2)
    services.create_coupon(actor=owner, product=shop.product, spec=spec)
    checkout = services.start_checkout(actor=shop.alice, plan=shop.basic, coupon="half")
    services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card(is_default=True))
    yearly = shop.plan("Yearly", 30000, interval="year")
    offer = services.quote_change(shop.alice, fresh(checkout.subscription), yearly)
    assert (offer.due_amount, offer.renewal_amount) == (30000 - 15000 - 500, 30000)
    assert upgrade(shop, fresh(checkout.subscription), yearly) == [
        ("plan", 30000), ("discount", -15000), ("proration_credit", -500)
    ]  # fmt: skip
    redemption = CouponRedemption.objects.get()
    assert redemption.cycles_left == 0


def test_entered_at_the_checkout_it_changes_the_price_there(shop: Shop, owner: Any) -> None:
    services.create_coupon(actor=owner, product=shop.product, spec=HALF)
    checkout = services.start_checkout(actor=shop.alice, plan=shop.basic)
    services.redeem_coupon(actor=shop.alice, subscription=checkout.subscription, code="half")
    first, second = invoices()
    assert (first.status, second.status, lines()) == ("void", "open", [("plan", 1000), ("discount", -500)])
    move_clock(NOW + dt.timedelta(hours=3))  # paying issues it anew; the void ones took no period
    services.pay_checkout(actor=shop.alice, checkout=fresh(checkout), method=shop.card(is_default=True))
    assert (invoices()[-1].total_amount, invoices()[-1].status) == (500, "paid")
    assert CouponRedemption.objects.get().cycles_left == 0
    with pytest.raises(CouponRefused):
        services.redeem_coupon(actor=shop.alice, subscription=checkout.subscription, code="half")


def test_one_that_runs_is_cheaper_from_the_next_renewal_on(shop: Shop, owner: Any) -> None:
    subscription = shop.buy(shop.basic)
    services.create_coupon(actor=owner, product=shop.product, spec=HALF)
    services.redeem_coupon(actor=shop.alice, subscription=subscription, code="HALF")
    turn(1)
    assert lines() == [("plan", 1000), ("discount", -500)]


def test_it_is_refused_with_a_reason_and_nothing_is_begun(shop: Shop, owner: Any) -> None:
    make = services.create_coupon
    make(actor=owner, product=shop.product, spec=replace(HALF, code="PRO-ONLY", plan_slugs=("pro",)))
    make(actor=owner, product=shop.product, spec=replace(HALF, code="EARLY", redeem_by=NOW + dt.timedelta(hours=1)))
    make(actor=owner, product=shop.product, spec=CouponSpec("EURO", amount=100, currency="EUR"))
    gone = make(actor=owner, product=shop.product, spec=replace(HALF, code="GONE"))
    services.archive_coupon(actor=owner, coupon=gone)
    once = make(actor=owner, product=shop.product, spec=replace(HALF, code="ONE", max_redemptions=1))
    services.start_checkout(actor=make_actor(), plan=shop.pro, coupon="ONE")
    other = Shop()
    make(actor=make_actor(other.product.organization), product=other.product, spec=replace(HALF, code="OTHER"))
    before = len(invoices())
    move_clock(NOW + dt.timedelta(hours=2))
    for code in ("PRO-ONLY", "EARLY", "EURO", "GONE", "ONE", "OTHER", "nothing", "\x00"):
        with pytest.raises(CouponRefused):
            services.start_checkout(actor=shop.alice, plan=shop.basic, coupon=code)
    assert (len(invoices()), shop.alice.organization.subscriptions.count()) == (before, 0)
    assert once.redemptions.count() == 1
    with pytest.raises(CouponRefused):
        services.start_checkout(actor=shop.alice, plan=shop.free, coupon="ONE")


def test_an_organization_has_it_once_but_keeps_it_for_a_purchase_that_came_to_nothing(shop: Shop, owner: Any) -> None:
    services.create_coupon(actor=owner, product=shop.product, spec=replace(HALF, max_redemptions=1))
    services.start_checkout(actor=shop.alice, plan=shop.basic, coupon="HALF")
    checkout = services.start_checkout(actor=shop.alice, plan=shop.pro, coupon="HALF")
    assert checkout.invoice is not None
    assert checkout.invoice.total_amount == 1500
    services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())
    subscriptions.cancel_subscription(actor=shop.alice, subscription=checkout.subscription)
    with pytest.raises(CouponRefused):
        services.start_checkout(actor=shop.alice, plan=shop.basic, coupon="HALF")


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("code", {"code": "a b"}), ("code", {"code": "X"}), ("percent", {"percent": None}),
        ("percent", {"percent": Decimal(101)}), ("percent", {"percent": Decimal(0)}), ("percent", {"percent": 50.0}),
        ("percent", {"percent": Decimal("0.001")}), ("percent", {"amount": 5, "currency": "USD"}),
        ("currency", {"percent": None, "amount": 5}), ("currency", {"currency": "USD"}),
        ("amount", {"percent": None, "amount": 0, "currency": "USD"}), ("duration", {"duration": "never"}),
        ("cycles", {"cycles": 2}), ("cycles", {"duration": "repeating"}), ("max_redemptions", {"max_redemptions": 0}),
        ("plan_slugs", {"plan_slugs": ("nope",)}), ("redeem_by", {"redeem_by": NOW - dt.timedelta(days=1)}),
    ],
)  # fmt: skip
def test_wrong_terms_are_refused_with_their_field(shop: Shop, owner: Any, field: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        services.create_coupon(actor=owner, product=shop.product, spec=replace(HALF, **wrong))
    assert (refused.value.field, Coupon.objects.count()) == (field, 0)


def test_each_product_has_its_codes_and_staff_those_of_the_platform(shop: Shop, owner: Any) -> None:
    ours = services.create_coupon(actor=owner, product=shop.product, spec=HALF)
    with pytest.raises(Invalid):
        services.create_coupon(actor=owner, product=shop.product, spec=HALF)
    with pytest.raises(NotFound):
        services.create_coupon(actor=shop.alice, product=shop.product, spec=HALF)
    staff = UserFactory(is_staff=True, is_superuser=True)
    tenth = replace(HALF, percent=Decimal(10))
    platform = services.create_coupon_by_staff(staff=staff, spec=tenth, reason="Launch")
    with pytest.raises(Invalid):
        services.create_coupon_by_staff(staff=staff, spec=tenth, reason="Again")
    with pytest.raises(NotAllowed):
        services.create_coupon_by_staff(staff=UserFactory(), spec=replace(tenth, code="MINE"), reason="x")
    services.start_checkout(actor=shop.alice, plan=shop.basic, coupon="half")
    assert CouponRedemption.objects.get().coupon == ours, "that of the product comes first"
    other = Shop()
    services.start_checkout(actor=other.alice, plan=other.basic, coupon="half")
    assert CouponRedemption.objects.get(organization=other.alice.organization).coupon == platform
    services.archive_coupon_by_staff(staff=staff, coupon=platform, reason="Over")
    with pytest.raises(Conflict):
        services.archive_coupon_by_staff(staff=staff, coupon=platform, reason="Over")


def test_it_is_made_in_the_studio_and_entered_at_the_checkout(shop: Shop, owner: Any) -> None:
    creator, consumer = Client(), Client()
    creator.force_login(owner.user)
    consumer.force_login(shop.alice.user)
    page = reverse("portal:studio-coupons", args=[owner.organization.slug, shop.product.slug])
    body = {"code": "spring", "value": "12.5", "unit": "percent", "duration": "repeating", "cycles": "3",
            "plan_slugs": ["pro"], "max_redemptions": "9", "redeem_by": "2027-04-30"}  # fmt: skip
    for wrong in ({"value": "101"}, {"value": "0"}, {"cycles": ""}, {"plan_slugs": ["free"]}, {"code": "?"},
                  {"unit": "USD", "value": "1.005"}):  # fmt: skip
        assert creator.post(page, body | wrong).status_code == 422, wrong
    assert creator.post(page, body).status_code == 302
    coupon = Coupon.objects.get()
    assert (coupon.percent, coupon.cycles, coupon.plan_slugs) == (Decimal("12.50"), 3, ["pro"])
    assert coupon.redeem_by == dt.datetime(2027, 5, 1, tzinfo=dt.UTC)
    text = text_of(creator.get(page))
    assert "SPRING 12.5 % off, for 3 periods Pro" in text
    assert "0 of 9" in text
    checkout = services.start_checkout(actor=shop.alice, plan=shop.pro)
    enter = reverse("portal:checkout-coupon", args=[shop.alice.organization.slug, checkout.public_id])
    refused = text_of(consumer.post(enter, {"coupon": "summer"}, follow=True))
    assert "There is no such coupon" in refused
    done = text_of(consumer.post(enter, {"coupon": "Spring"}, follow=True))
    assert "26.25 USD is due today" in done
    assert "coupon SPRING" in done
    assert "Coupon code" not in done
    archive = reverse(
        "portal:studio-coupon-archive", args=[owner.organization.slug, shop.product.slug, coupon.public_id]
    )
    creator.post(archive)
    assert "archived" in text_of(creator.get(page))


def test_staff_make_a_coupon_for_every_product_in_the_admin(shop: Shop, client: Client) -> None:
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    page = reverse("admin:billing_coupon_add")
    terms = {"code": "everywhere", "percent": "25", "duration": "once", "reason": "Launch"}
    for wrong, said in (
        ({"amount": "500"}, "one of the two"),
        ({"code": "x"}, "3 to 40"),
        ({"reason": ""}, "required"),
    ):
        assert said in text_of(client.post(page, terms | wrong)), wrong
    assert not Coupon.objects.exists()
    assert client.post(page, terms).status_code == 302
    coupon = Coupon.objects.get()
    assert (coupon.code, coupon.product, coupon.percent) == ("EVERYWHERE", None, Decimal(25))
    assert client.get(reverse("admin:billing_coupon_change", args=[coupon.pk])).status_code == 200
