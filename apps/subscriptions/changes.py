"""What a change from one plan to another means: pure functions on plans, no reads."""

from typing import Protocol

from apps.plans.enums import QuotaAnchor
from apps.plans.intervals import DAYS, price_per_day
from apps.subscriptions.enums import ChangeKind


class Terms(Protocol):
    """What is read of a plan."""

    price_amount: int
    currency: str
    interval: str


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


def can_carry_over(current: set[tuple[str, str]], target: set[tuple[str, str]], *, anchor_stays: bool) -> bool:
    """Whether what was used of the one plan's quotas, as (period, anchor), can count against the other's.

    It can where each of the new quotas runs over the same spans of time as one of the old; those of the
    subscription's own periods do not once their anchor has moved.
    """
    return all(quota in current and (anchor_stays or quota[1] == QuotaAnchor.CALENDAR) for quota in target)
