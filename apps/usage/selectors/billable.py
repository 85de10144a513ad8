"""The units that an invoice charges for."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from apps.core import clock
from apps.plans.models import Quota
from apps.plans.periods import period_at
from apps.products.hosting import is_hosting
from apps.subscriptions.changes import keeps_period
from apps.subscriptions.models import Subscription, SubscriptionChange
from apps.usage.selectors.hosted import hosted_units
from apps.usage.selectors.progress import find_complete_until
from apps.usage.sums import UsageSpan, floor_day, sum_units

_BEGINNINGS = ("started", "approved", "activated", "trial_begun", "trial_ended", "period_restarted")


@dataclass(frozen=True, slots=True)
class _Reign:
    """A plan and an epoch of the subscription, from `since` until the next one."""

    plan_id: int
    epoch: int
    since: dt.datetime


def billable_units(subscription: Subscription, *, quota: Quota, start: dt.datetime, end: dt.datetime) -> int:
    """The units that count against this quota of a plan which the subscription had in `[start, end)`.

    Those of the last epoch in which it had the plan: what was used before a reset is forgiven. Where the plan took
    over the count of another within a period, the units of the whole period. Final once `is_complete(subscription,
    end)`. Of hosting, those of all products of the organization.
    """
    span = _billable_span(subscription, quota, start, end)
    return _count(subscription, [span])[0] if span else 0


def billable_days(
    subscription: Subscription, *, quota: Quota, start: dt.datetime, end: dt.datetime
) -> list[tuple[dt.date, int]]:
    """The same units by the day (UTC) on which they were used; days without any are left out."""
    span = _billable_span(subscription, quota, start, end)
    if span is None:
        return []
    days, at = [], floor_day(span.start)
    while at < span.end:
        following = at + dt.timedelta(days=1)
        part = UsageSpan(span.subscription_id, span.quota_epoch, max(at, span.start), min(following, span.end))
        days.append((at.date(), part))
        at = following
    units = _count(subscription, [part for _day, part in days])
    return [(day, used) for (day, _part), used in zip(days, units, strict=True) if used]


def _count(subscription: Subscription, spans: Sequence[UsageSpan]) -> list[int]:
    if is_hosting(subscription.product):
        return [hosted_units(subscription.organization_id, span.start, span.end) for span in spans]
    return sum_units(spans)


def _billable_span(subscription: Subscription, quota: Quota, start: dt.datetime, end: dt.datetime) -> UsageSpan | None:
    """Where the units lie that `billable_units` counts; None where the subscription never had the plan."""
    changes = list(
        SubscriptionChange.objects.filter(subscription=subscription)
        .select_related("from_plan", "to_plan")
        .order_by("pk")
    )
    reigns = _reigns(subscription, changes)
    last = max((n for n, one in enumerate(reigns) if one.plan_id == quota.plan_id and one.since < end), default=None)
    if last is None:
        return None
    reign = reigns[last]

    def period_start(at: dt.datetime) -> dt.datetime:
        return period_at(quota.period, quota.anchor, _anchor(subscription, changes, at), at)[0]

    if last + 1 < len(reigns) and reigns[last + 1].epoch == reign.epoch:
        end = min(end, reigns[last + 1].since)  # with a period: within one, a plan that charges is left for a new epoch
    if last > 0 and reigns[last - 1].epoch == reign.epoch and start <= reign.since:
        start = period_start(reign.since)
    if is_hosting(subscription.product):
        # The calls of others have epochs of their own: that of hosting is a time.
        start = max(start, min(one.since for one in reigns if one.epoch == reign.epoch))
    return UsageSpan(subscription.pk, reign.epoch, start, end)


def is_complete(subscription: Subscription, until: dt.datetime) -> bool:
    """Whether every call of the subscription before `until` is stored or given up."""
    if clock.is_replaying():
        return True  # no gateway serves the past: what is stored of it is all there was
    complete_until = find_complete_until(None if is_hosting(subscription.product) else [subscription])
    return complete_until is not None and complete_until >= until


def _reigns(subscription: Subscription, changes: Sequence[SubscriptionChange]) -> list[_Reign]:
    """In their order. A subscription begins in epoch 0, under the plan that the first change of plan left."""
    first = next((change.from_plan_id for change in changes if change.from_plan_id), subscription.plan_id)
    reigns = [_Reign(first, 0, dt.datetime.min.replace(tzinfo=dt.UTC))]
    for change in changes:
        if (change.to_plan_id, change.quota_epoch) != (reigns[-1].plan_id, reigns[-1].epoch):
            reigns.append(_Reign(change.to_plan_id, change.quota_epoch, change.occurred_at))
    return reigns


def _anchor(subscription: Subscription, changes: Sequence[SubscriptionChange], at: dt.datetime) -> dt.datetime:
    """Where the periods of the subscription were counted from at this instant: its beginning, or a later change."""
    moved = [
        change.occurred_at
        for change in changes
        if change.kind in _BEGINNINGS
        or (change.from_plan is not None and not keeps_period(change.from_plan, change.to_plan))
    ]
    return max((moment for moment in moved if moment <= at), default=subscription.started_at)
