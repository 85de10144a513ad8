"""The platform's share: the narrowest rule that holds at the moment counts, and none of them is ever rewritten."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.models import AuditEvent
from apps.billing.commissions import commission_percent
from apps.billing.enums import CommissionScope
from apps.billing.models import CommissionRule
from apps.billing.services.commissions import add_commission_rule, end_commission_rule
from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotAllowed
from apps.products.models import Category
from tests.factories.accounts import UserFactory
from tests.factories.products import ProductFactory

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def add(scope: str, percent: str, start: dt.datetime, end: dt.datetime | None = None, **target: Any) -> CommissionRule:
    return add_commission_rule(
        staff=UserFactory(is_staff=True, is_superuser=True), scope=CommissionScope(scope), percent=Decimal(percent),
        valid_from=start, valid_until=end, reason="Agreed", **target,
    )  # fmt: skip


def test_the_narrowest_rule_of_the_moment_counts(settings: Any) -> None:
    settings.PLATFORM_COMMISSION_PERCENT = Decimal(10)
    weather = Category.objects.create(name="Weather", slug="weather")
    product = ProductFactory(category=weather)
    sibling = ProductFactory(organization=product.organization, category=None)
    now = clock.now()
    add("platform", "12", now + DAY)
    add("category", "11.5", now + 2 * DAY, category=weather)
    add("creator", "8", now + 3 * DAY, now + 5 * DAY, organization=product.organization)
    add("product", "0", now + 4 * DAY, now + 6 * DAY, product=product)

    def percents(of: Any) -> list[Decimal]:
        return [commission_percent(of, now + number * DAY) for number in range(8)]

    assert percents(product) == [Decimal(text) for text in ("10", "12", "11.5", "8", "0", "0", "11.5", "11.5")]
    assert percents(sibling) == [Decimal(text) for text in ("10", "12", "12", "8", "8", "12", "12", "12")]
    assert commission_percent(product, now + 6 * DAY - dt.timedelta(microseconds=1)) == 0


def test_rules_of_one_target_never_hold_at_the_same_time() -> None:
    product, now = ProductFactory(), clock.now()
    first = add("product", "5", now + DAY, now + 3 * DAY, product=product)
    for start, end in ((now, None), (now + 2 * DAY, None), (now, now + 2 * DAY)):
        with pytest.raises(Conflict):
            add("product", "6", start, end, product=product)
    add("product", "6", now + 3 * DAY, product=product)
    add("product", "6", now, now + DAY, product=product)
    add("product", "7", now, product=ProductFactory())
    add("platform", "7", now)
    with pytest.raises(Conflict):
        add("platform", "8", now + DAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        CommissionRule.objects.create(scope="platform", percent=1, valid_from=now + DAY, note="past the service")
    # One that has not begun never will; then its time is free.
    staff = UserFactory(is_staff=True, is_superuser=True)
    assert end_commission_rule(staff=staff, rule=first, reason="A mistake").valid_until == first.valid_from
    with pytest.raises(Conflict):
        end_commission_rule(staff=staff, rule=first, reason="Again")
    add("product", "9", now + DAY, now + 3 * DAY, product=product)
    actions = AuditEvent.objects.filter(target=first.public_id).values_list("action", flat=True).order_by("pk")
    assert list(actions) == ["commission.added", "commission.ended"]


def test_nonsense_is_refused() -> None:
    product, now = ProductFactory(), clock.now()
    for arguments in (
        ("product", "5", now, None, {}),
        ("platform", "5", now, None, {"product": product}),
        ("product", "100.01", now, None, {"product": product}),
        ("product", "-1", now, None, {"product": product}),
        ("product", "NaN", now, None, {"product": product}),
        ("product", "1.001", now, None, {"product": product}),
        ("product", "5", now - DAY, None, {"product": product}),
        ("product", "5", now + DAY, now + DAY, {"product": product}),
    ):
        scope, percent, start, end, target = arguments
        with pytest.raises(Invalid):
            add(scope, percent, start, end, **target)
    with pytest.raises(NotAllowed):
        add_commission_rule(
            staff=UserFactory(is_staff=True),
            scope=CommissionScope.PLATFORM,
            percent=Decimal(5),
            valid_from=now,
            reason="x",
        )
    assert not CommissionRule.objects.exists()
