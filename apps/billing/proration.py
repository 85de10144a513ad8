"""What a change of plan in the middle of a period costs: pure arithmetic.

The new plan is charged for the time that is left of the period, or in full where a period of its own begins. The old
plan is credited for what was paid for it and is left: the smaller of unused time and unused quota, so that who has used
up the quota in a day is not given back a month. Where what was used counts against the new quota, the time alone
decides. A coupon that was taken off the running period is taken off the charge for its rest, too.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from apps.core.money import round_half_up


@dataclass(frozen=True, slots=True)
class Proration:
    """Minor units; `due_amount` is never below zero, and what the credit has above the charge is not paid out."""

    charge_amount: int
    credit_amount: int
    discount_amount: int = 0

    @property
    def due_amount(self) -> int:
        return self.charge_amount - self.discount_amount - self.credit_amount


class Paid(NamedTuple):
    """What was paid for a plan, less its discount, in minor units; and the share of its time that is left, 0 to 1."""

    amount: int
    time_left: Fraction


def unused_time(start: dt.datetime, end: dt.datetime, at: dt.datetime) -> Fraction:
    """The share of the period `[start, end)` that is left, from 0 to 1. Raises ValueError for an empty period."""
    if end <= start:
        raise ValueError("a period ends after it starts")
    left = (end - min(max(at, start), end)) // dt.timedelta(microseconds=1)
    return Fraction(left, (end - start) // dt.timedelta(microseconds=1))


def unused_quota(included: int, used: int) -> Fraction:
    """The share of the included units that is left, from 0 to 1; all of it where nothing is included."""
    return Fraction(max(0, included - used), included) if included else Fraction(1)


def prorate(
    *,
    paid: Iterable[Paid],
    new_amount: int,
    time_left: Fraction,
    quota_left: Fraction = Fraction(1),
    discount: int = 0,
    starts_anew: bool = False,
) -> Proration:
    """The charge for the new plan, its discount and the credit for the old one, rounded half up once each.

    `new_amount` and `discount` are those of a whole period. `starts_anew`: the new plan begins one of its own. The
    credit is never above what is charged.
    """
    share = Fraction(1) if starts_anew else time_left
    charge, off = round_half_up(new_amount * share), round_half_up(discount * share)
    credit = round_half_up(sum((one.amount * min(one.time_left, quota_left) for one in paid), Fraction(0)))
    return Proration(charge, max(0, min(charge - off, credit)), off)
