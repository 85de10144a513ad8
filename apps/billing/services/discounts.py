"""What a coupon takes off the price of a plan. Usage beyond the plan is never discounted."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from apps.billing.enums import LineKind
from apps.billing.models import CouponRedemption, CouponUse, Invoice
from apps.billing.running_period import find_discount
from apps.billing.services.invoicing import LineSpec
from apps.subscriptions.models import Subscription


def discount_lines(*, subscription: Subscription, lines: Sequence[LineSpec]) -> list[LineSpec]:
    """What comes off the plan's price among these lines: below zero, and never more than that price."""
    charged = [line for line in lines if line.kind == LineKind.PLAN and line.amount > 0]
    redemption = find_discount(subscription, charged[0].plan) if charged else None
    if redemption is None:
        return []
    amount = redemption.coupon.discount_of(sum(line.amount for line in charged))
    return [discount_line(redemption, charged[0], amount)]


def discount_line(redemption: CouponRedemption, charge: LineSpec, amount: int) -> LineSpec:
    """What a coupon takes off a charge, minor units above zero."""
    what = f"{charge.plan.product.name}: coupon {redemption.coupon.code}"
    return LineSpec(LineKind.DISCOUNT, what, charge.plan, charge.start, charge.end, -amount, Decimal(-amount))


def note_discount(
    *, subscription: Subscription, lines: Sequence[LineSpec], invoice: Invoice | None, period_start: dt.datetime
) -> None:
    """Take one period off the coupon that is among the lines. The caller has locked the subscription."""
    discounted = next((line for line in lines if line.kind == LineKind.DISCOUNT), None)
    redemption = find_discount(subscription, discounted.plan) if discounted else None
    if redemption is not None:
        CouponUse.objects.create(redemption=redemption, invoice=invoice, period_start=period_start)
