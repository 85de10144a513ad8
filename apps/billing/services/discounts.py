"""What a coupon takes off the price of a plan. Usage beyond the plan is never discounted."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from apps.billing.enums import LineKind
from apps.billing.models import CouponRedemption, CouponUse, Invoice
from apps.billing.services.invoicing import LineSpec
from apps.subscriptions.models import Subscription


def find_discount(subscription: Subscription) -> CouponRedemption | None:
    """The coupon that holds for the next price of the subscription's plan, with it."""
    for redemption in CouponRedemption.objects.select_related("coupon").filter(subscription=subscription):
        if redemption.is_running and redemption.coupon.holds_for(subscription.plan):
            return redemption
    return None


def discount_lines(*, subscription: Subscription, lines: Sequence[LineSpec]) -> list[LineSpec]:
    """What comes off the plan's price among these lines: below zero, and never more than that price."""
    charged = [line for line in lines if line.kind == LineKind.PLAN and line.amount > 0]
    redemption = find_discount(subscription) if charged else None
    if redemption is None:
        return []
    amount = redemption.coupon.discount_of(sum(line.amount for line in charged))
    first = charged[0]
    what = f"{subscription.product.name}: coupon {redemption.coupon.code}"
    return [LineSpec(LineKind.DISCOUNT, what, first.plan, first.start, first.end, -amount, Decimal(-amount))]


def note_discount(
    *, subscription: Subscription, lines: Sequence[LineSpec], invoice: Invoice | None, period_start: dt.datetime
) -> None:
    """Take one period off the coupon that is among the lines. The caller has locked the subscription."""
    is_discounted = any(line.kind == LineKind.DISCOUNT for line in lines)
    redemption = find_discount(subscription) if is_discounted else None
    if redemption is not None:
        CouponUse.objects.create(redemption=redemption, invoice=invoice, period_start=period_start)
