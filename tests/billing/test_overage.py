"""Extra units pass and are charged only where the consumer allowed them, and never for more than they said."""

import datetime as dt

import pytest

from apps.billing import services
from apps.core.errors import Conflict, Invalid
from apps.gateway.selectors import find_key
from apps.subscriptions import services as subscriptions
from apps.subscriptions.models import Subscription
from apps.subscriptions.overage import OverageChoice
from tests.billing.test_changes import use
from tests.billing.world import NOW, Shop, fresh, invoices, meter_has_stored, move_clock
from tests.factories.keys import ApiKeyFactory

MONTH = dt.timedelta(days=31)
CAP_ALONE = OverageChoice(allowed=False, spend_cap_amount=500)
TOO_HIGH = OverageChoice(allowed=True, spend_cap_amount=10**9)


def ceiling(subscription: Subscription) -> tuple[int, bool]:
    """How many extra units the gateway lets pass, and whether the cap says so."""
    key = subscription.api_keys.first() or ApiKeyFactory(subscription=subscription)
    entry = find_key(bytes(key.digest))
    assert entry is not None
    return entry.entitlement.quotas[0].extra_units, entry.entitlement.quotas[0].is_capped


def extra_charged(subscription: Subscription) -> list[int]:
    """What the extra units of the first month come to on an invoice."""
    move_clock(NOW + MONTH)
    meter_has_stored(subscription, NOW + MONTH)
    services.close_due_periods()
    return [line.amount for line in invoices()[-1].lines.filter(kind="overage")]


def allow(shop: Shop, subscription: Subscription, *, cap: int | None = None, allowed: bool = True) -> None:
    subscriptions.set_overage(
        actor=shop.alice, subscription=subscription, choice=OverageChoice(allowed, cap)
    )  # fmt: skip


def test_without_being_allowed_they_are_refused_and_never_charged(shop: Shop) -> None:
    subscription = shop.buy(shop.metered(), overage=None)
    assert ceiling(subscription) == (0, False)
    use(subscription, 1500, NOW + dt.timedelta(days=3))
    # And the renewal does not wait for the meter.
    move_clock(NOW + MONTH)
    services.close_due_periods()
    assert [one.total_amount for one in invoices()] == [1000, 1000]


def test_the_cap_is_a_ceiling_in_units_and_the_plan_has_one_of_its_own(shop: Shop) -> None:
    subscription = shop.buy(shop.metered(), overage=OverageChoice(allowed=True, spend_cap_amount=301))
    assert ceiling(subscription) == (150, True)  # 2 cents each
    allow(shop, subscription, cap=20_000)
    assert ceiling(subscription) == (5000, False)
    allow(shop, subscription)
    assert ceiling(subscription) == (5000, False)
    allow(shop, subscription, allowed=False)
    assert ceiling(subscription) == (0, False)


def test_no_more_is_charged_than_the_cap_although_more_was_stored(shop: Shop) -> None:
    subscription = shop.buy(shop.metered(), overage=OverageChoice(allowed=True, spend_cap_amount=301))
    use(subscription, 1500, NOW + dt.timedelta(days=3))
    assert extra_charged(subscription) == [300]


def test_what_was_used_before_they_were_refused_is_charged(shop: Shop) -> None:
    subscription = shop.buy(shop.metered())
    use(subscription, 1500, NOW + dt.timedelta(days=3))
    move_clock(NOW + dt.timedelta(days=29))
    allow(shop, subscription, allowed=False)
    assert extra_charged(subscription) == [1000]


def test_a_cap_says_nothing_about_another_currency(shop: Shop) -> None:
    shop.card(is_default=True)
    subscription = shop.buy(shop.metered(price=0), overage=OverageChoice(allowed=True, spend_cap_amount=301))
    euro = shop.plan("Euro", 0, currency="EUR")
    services.start_plan_change(actor=shop.alice, subscription=subscription, plan=euro)
    changed = fresh(subscription)
    assert (changed.overage_allowed, changed.spend_cap_amount) == (False, None)


def test_nonsense_is_refused(shop: Shop) -> None:
    subscription = shop.buy(shop.metered(), overage=None)
    for wrong in (CAP_ALONE, OverageChoice(allowed=True, spend_cap_amount=0), TOO_HIGH):
        with pytest.raises(Invalid) as caught:
            subscriptions.set_overage(actor=shop.alice, subscription=subscription, choice=wrong)
        assert caught.value.field == "spend_cap_amount"
    subscriptions.cancel_subscription(actor=shop.alice, subscription=subscription)
    with pytest.raises(Conflict):
        allow(shop, subscription)
