"""What a change from one plan to another means: pure functions on plans, no reads."""

import datetime as dt
from collections.abc import Collection
from typing import Protocol

from apps.plans.enums import OverageRule, QuotaAnchor
from apps.plans.intervals import DAYS, price_per_day
from apps.plans.periods import period_at
from apps.subscriptions.enums import ChangeKind


class Terms(Protocol):
    """What is read of a plan."""

    price_amount: int
    currency: str
    interval: str


class SoldTerms(Terms, Protocol):
    """What is read of a plan that one may move to."""

    trial_days: int


class CountedQuota(Protocol):
    """What is read of a plan's quota."""

    period: str
    anchor: str
    overage: str


def kind_of_change(current: Terms, target: Terms) -> ChangeKind:
    """Whether the change takes effect at once, or at the end of the period that is paid for.

    At once: from a free plan; to a higher price for the same interval; to a longer interval whose price per day is
    not lower. Everything else waits, also a change to another currency, as one cannot be set against the other.
    """
    if current.price_amount == 0:
        return ChangeKind.NOW
    if current.currency != target.currency:
        return ChangeKind.AT_PERIOD_END
    if current.interval == target.interval:
        dearer = target.price_amount > current.price_amount
        return ChangeKind.NOW if dearer else ChangeKind.AT_PERIOD_END
    longer = DAYS[target.interval] > DAYS[current.interval]
    return ChangeKind.NOW if longer and price_per_day(target) >= price_per_day(current) else ChangeKind.AT_PERIOD_END


def keeps_period(current: Terms, target: Terms) -> bool:
    """Whether the running billing period goes on: the same interval, and both free or both paid."""
    return current.interval == target.interval and (current.price_amount == 0) == (target.price_amount == 0)


def goes_on(current: Terms, target: SoldTerms, *, is_in_trial: bool) -> bool:
    """Whether the running period, or trial, goes on under the target. A plan that has no trial ends the running one."""
    return target.trial_days > 0 if is_in_trial else keeps_period(current, target)


def counts_on(
    current: Collection[CountedQuota],
    target: Collection[CountedQuota],
    *,
    carry_over: bool,
    anchored_at: dt.datetime,
    anchor_stays: bool,
    at: dt.datetime,
) -> bool:
    """Whether what was used of the `current` plan's quotas counts against those of the `target` from `at` on.

    It can where each of the new quotas runs over the same spans of time as one of the old; those of the
    subscription's own periods, which are reckoned from `anchored_at`, do not once that has moved. It does where every
    quota begins anew at this instant anyway: there is nothing to reset, and what is called before the change is
    carried out counts against the new plan. Else the target's creator chooses; but who leaves a plan that charges
    extra units settles them and begins anew, as one unit is either extra under the old plan or used of the new one.
    """
    spans = {(quota.period, quota.anchor) for quota in current}
    wanted = {(quota.period, quota.anchor) for quota in target}
    if not wanted <= spans or (not anchor_stays and any(anchor != QuotaAnchor.CALENDAR for _period, anchor in wanted)):
        return False
    if all(period_at(period, anchor, anchored_at, at)[0] == at for period, anchor in wanted):
        return True
    return carry_over and all(quota.overage not in OverageRule.charged() for quota in current)
