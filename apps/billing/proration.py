"""What a change of plan in the middle of a period costs: pure arithmetic.

The new plan is charged for the time that is left of the period, or in full where a period of its own begins. The old
plan is credited for what is left of it: the smaller of unused time and unused quota, so that who has used up the
quota in a day is not given back a month. Where what was used counts against the new quota, the time alone decides.
"""

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

from apps.core.money import round_half_up


@dataclass(frozen=True, slots=True)
class Proration:
    """Minor units; `due_amount` is never below zero, and what the credit has above the charge is not paid out."""

    charge_amount: int
    credit_amount: int

    @property
    def due_amount(self) -> int:
        return self.charge_amount - self.credit_amount


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
    old_amount: int,
    new_amount: int,
    time_left: Fraction,
    quota_left: Fraction = Fraction(1),
    starts_anew: bool = False,
) -> Proration:
    """The charge for the new plan and the credit for the old one, rounded half up once each.

    `starts_anew`: the new plan begins a whole period of its own. The credit is never above the charge.
    """
    charge = new_amount if starts_anew else round_half_up(new_amount * time_left)
    credit = round_half_up(old_amount * min(time_left, quota_left))
    return Proration(charge, min(charge, credit))
