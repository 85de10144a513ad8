"""Usage beyond the included units: noted when a plan or period ends, rated when the meter has it all."""

import datetime as dt
from collections.abc import Sequence

from apps.billing.enums import InvoiceReason
from apps.billing.models import Invoice, UsageStretch
from apps.billing.rating import extra_units, rate_by_tier
from apps.billing.services.invoicing import LineSpec, draft_invoice
from apps.billing.services.overage import lines_of_charges
from apps.plans.enums import OverageRule
from apps.plans.models import Plan
from apps.subscriptions.models import Subscription
from apps.usage.selectors import billable_units, is_complete


def note_usage(
    *, subscription: Subscription, plan: Plan, period_start: dt.datetime | None, end: dt.datetime
) -> UsageStretch | None:
    """Write down that what was used under `plan` up to `end` is to be rated; None where nothing of it is charged.

    It begins with the billing period, or within it where another plan's stretch ends.
    """
    quota = plan.quotas.filter(overage__in=OverageRule.charged()).first()
    if quota is None or period_start is None or subscription.organization_id == plan.product.organization_id:
        return None
    earlier = UsageStretch.objects.filter(subscription=subscription, end__gt=period_start, end__lt=end)
    last = earlier.order_by("-end").first()
    start = last.end if last else period_start
    stretch, _noted = UsageStretch.objects.get_or_create(
        subscription=subscription, end=end, defaults={"quota": quota, "start": start}
    )
    return stretch


def draft_usage(*, stretch: UsageStretch) -> Invoice:
    """An invoice of its own for a stretch that no renewal comes after; its line is added once it is rated."""
    return draft_invoice(
        subscription=stretch.subscription,
        reason=InvoiceReason.USAGE,
        currency=stretch.quota.plan.currency,
        start=stretch.start,
        end=stretch.end,
        lines=[],
    )


def are_complete(stretches: Sequence[UsageStretch]) -> bool:
    """Whether every call of them is stored."""
    return all(is_complete(stretch.subscription, stretch.end) for stretch in stretches)


def overage_lines(stretch: UsageStretch) -> list[LineSpec]:
    """What a complete stretch is charged; nothing where it stayed within the included units."""
    quota = stretch.quota
    units = extra_units(
        used=billable_units(stretch.subscription, quota=quota, start=stretch.start, end=stretch.end),
        included=quota.included_units,
        most_units=quota.overage_max_units,
    )
    return lines_of_charges(quota, rate_by_tier(units, quota.tier_prices), start=stretch.start, end=stretch.end)
