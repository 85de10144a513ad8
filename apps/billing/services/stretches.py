"""Usage beyond the included units: noted when a plan or period ends, rated when the meter has it all."""

import datetime as dt
from collections.abc import Sequence

from apps.billing.enums import InvoiceReason
from apps.billing.models import Invoice, UsageStretch
from apps.billing.rating import extra_units, rate_by_tier
from apps.billing.services.invoicing import LineSpec, draft_invoice
from apps.billing.services.overage import lines_of_charges
from apps.core import clock
from apps.plans.enums import OverageRule
from apps.plans.models import Plan, Quota
from apps.subscriptions.enums import CollectedBy
from apps.subscriptions.models import Subscription
from apps.subscriptions.overage import extra_units_of
from apps.usage.selectors import billable_units, is_complete


def note_usage(
    *, subscription: Subscription, plan: Plan, period_start: dt.datetime | None, end: dt.datetime
) -> UsageStretch | None:
    """Write down that what was used under `plan` up to `end` is to be rated; None where nothing of it is charged.

    It begins with the billing period, or within it where another plan's stretch ends.
    """
    quota = plan.quotas.filter(overage__in=OverageRule.charged()).first()
    if quota is None or period_start is None or subscription.organization_id == subscription.product.organization_id:
        return None
    if subscription.is_in_trial or subscription.collected_by == CollectedBy.STRIPE:
        return None  # no extra units pass in it
    noted = UsageStretch.objects.filter(subscription=subscription, end__gt=period_start, end__lte=end)
    last = noted.order_by("-end").first()
    if last is not None and last.end == end:
        return last if last.most_units else None
    start = last.end if last else period_start
    most = _most_units(subscription, quota, start, end)
    done = {} if most else {"rated_at": clock.now(), "rated_units": 0}  # there is nothing to wait for
    stretch = UsageStretch.objects.create(
        subscription=subscription, end=end, quota=quota, start=start, most_units=most, **done
    )
    return stretch if most else None


def _most_units(subscription: Subscription, quota: Quota, start: dt.datetime, end: dt.datetime) -> int:
    """How many extra units of the stretch are charged at most.

    What the consumer allows; where that changed within the stretch, up to the plan's own cap, as each unit passed
    under the choice of its time.
    """
    changes = subscription.changes.filter(kind="overage_changed", occurred_at__gt=start, occurred_at__lte=end)
    return (quota.overage_max_units or 0) if changes.exists() else extra_units_of(subscription, quota)


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


def count_extra_units(stretch: UsageStretch) -> int:
    """How many units of it are charged, as stored by now."""
    quota = stretch.quota
    return extra_units(
        used=billable_units(stretch.subscription, quota=quota, start=stretch.start, end=stretch.end),
        included=quota.included_units,
        most_units=quota.overage_max_units if stretch.most_units is None else stretch.most_units,
    )


def overage_lines(stretch: UsageStretch) -> list[LineSpec]:
    """Rate a complete stretch: what it is charged, nothing where it stayed within the included units.

    `rated_units` is set; the caller saves it.
    """
    quota, stretch.rated_units = stretch.quota, count_extra_units(stretch)
    charges = rate_by_tier(stretch.rated_units, quota.tier_prices)
    return lines_of_charges(quota, charges, start=stretch.start, end=stretch.end)
