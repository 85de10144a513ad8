"""The units that an invoice charges for."""

import datetime as dt

from apps.plans.models import Quota
from apps.subscriptions.models import Subscription, SubscriptionChange
from apps.usage.selectors.progress import find_complete_until
from apps.usage.sums import UsageSpan, sum_units


def billable_units(subscription: Subscription, *, quota: Quota, start: dt.datetime, end: dt.datetime) -> int:
    """The units of `[start, end)` that count against this quota of a plan that the subscription had then.

    Those of the last epoch in which it had the plan: what was used before a reset is forgiven. None where the next
    plan took the count over, as then the units count against its quota. Final once `is_complete(subscription, end)`.
    """
    epoch = _epoch_of(subscription, quota.plan_id, end)
    return 0 if epoch is None else sum_units([UsageSpan(subscription.pk, epoch, start, end)])[0]


def is_complete(subscription: Subscription, until: dt.datetime) -> bool:
    """Whether every call of the subscription before `until` is stored or given up."""
    complete_until = find_complete_until([subscription])
    return complete_until is not None and complete_until >= until


def _epoch_of(subscription: Subscription, plan_id: int, end: dt.datetime) -> int | None:
    """The epoch whose units count against the plan at `end`, or did when the subscription left it."""
    changes = list(SubscriptionChange.objects.filter(subscription=subscription).order_by("pk"))
    # It begins in epoch 0, under the plan that the first change of plan left.
    first = next((change.from_plan_id for change in changes if change.from_plan_id), subscription.plan_id)
    epoch = 0 if first == plan_id else None
    for change in changes:
        if change.occurred_at >= end:
            continue
        if change.to_plan_id == plan_id:
            epoch = change.quota_epoch
        elif change.quota_epoch == epoch:
            epoch = None
    return epoch
