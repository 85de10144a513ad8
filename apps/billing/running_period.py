"""What was paid for the running period of a subscription, and which coupon holds for it and for the next one."""

import datetime as dt
from typing import TypeVar

from django.db.models import F, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from apps.billing.enums import InvoiceStatus, LineKind
from apps.billing.models import CouponRedemption, CouponUse, InvoiceItem, InvoiceLine
from apps.billing.proration import Paid, unused_time
from apps.plans.models import Plan
from apps.subscriptions.models import Subscription

Line = TypeVar("Line", InvoiceLine, InvoiceItem)

# How long the price of a change is held: it was reckoned for the time that is left of the period. The period that is
# paid for begins when it is paid, so up to this much later than its invoice says.
PRICE_HELD = dt.timedelta(hours=1)
# What is paid for a plan in advance, and what a coupon takes off that.
_OF_A_PLAN = (LineKind.PLAN, LineKind.PRORATION_CHARGE, LineKind.DISCOUNT)


def paid_for_running_plan(subscription: Subscription, at: dt.datetime) -> list[Paid]:
    """What was paid for the plan that a subscription has at `at`, in any of its versions, without tax.

    Less coupons and credit notes; nothing of a period that was not charged. What is too little for an invoice, and
    waits for the next one, counts as paid.
    """
    lines = InvoiceLine.objects.filter(invoice__subscription=subscription, invoice__status=InvoiceStatus.PAID)
    not_credited = F("amount") - Coalesce(Sum("credits__amount"), Value(0))
    waiting = InvoiceItem.objects.waiting().filter(subscription=subscription)
    found = [
        *_running(lines, subscription, at).values_list(not_credited, "period_start", "period_end"),
        *_running(waiting, subscription, at).values_list("amount", "period_start", "period_end"),
    ]
    return [Paid(amount, unused_time(start, end, at)) for amount, start, end in found]


def _running(rows: QuerySet[Line], subscription: Subscription, at: dt.datetime) -> QuerySet[Line]:
    return rows.filter(
        kind__in=_OF_A_PLAN,
        plan__slug=subscription.plan.slug,
        period_start__gte=_began(subscription),
        period_start__lte=at,
        period_end__gt=at,
    )


def find_discount(subscription: Subscription, plan: Plan) -> CouponRedemption | None:
    """The coupon that holds for the next price of the plan, with it."""
    for redemption in CouponRedemption.objects.select_related("coupon").filter(subscription=subscription):
        if redemption.is_running and redemption.coupon.holds_for(plan):
            return redemption
    return None


def find_discount_of_period(subscription: Subscription, plan: Plan) -> CouponRedemption | None:
    """The coupon that was taken off the running period and holds for this plan, too: it holds for the whole period."""
    uses = CouponUse.objects.select_related("redemption__coupon").filter(
        redemption__subscription=subscription, period_start__gte=_began(subscription)
    )
    use = uses.exclude(invoice__status=InvoiceStatus.VOID).last()
    return use.redemption if use is not None and use.redemption.coupon.holds_for(plan) else None


def _began(subscription: Subscription) -> dt.datetime:
    assert subscription.current_period_start is not None  # it has begun
    return subscription.current_period_start - PRICE_HELD
