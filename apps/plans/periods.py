"""Which period an instant falls in: pure functions on aware datetimes, half-open `[start, end)`, UTC.

Periods of the calendar begin at midnight UTC (weeks on Monday). Periods of a subscription begin at the
instant it started, and every interval after it; a month or year without that day ends on its last day,
always counted from the start, so that a start on the 31st gives 31 January, 28 February, 31 March.
"""

import calendar
import datetime as dt

# A Monday, and the first day of a month and of a year.
_CALENDAR_ORIGIN = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)


def period_at(unit: str, anchor: str, anchored_at: dt.datetime, at: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The period `[start, end)` that holds `at`.

    `unit` is day, week, month or year; `anchor` is calendar or subscription. Raises ValueError otherwise, and
    for a datetime without a time zone, which would be read as that of the machine.
    """
    if anchored_at.tzinfo is None or at.tzinfo is None:
        raise ValueError("a period needs aware datetimes")
    if anchor == "calendar":
        anchored_at = _CALENDAR_ORIGIN
    elif anchor != "subscription":
        raise ValueError(f"unknown anchor {anchor!r}")
    origin, at = anchored_at.astimezone(dt.UTC), at.astimezone(dt.UTC)
    index = _estimate(unit, origin, at)
    while _boundary(unit, origin, index) > at:
        index -= 1
    while _boundary(unit, origin, index + 1) <= at:
        index += 1
    return _boundary(unit, origin, index), _boundary(unit, origin, index + 1)


def _estimate(unit: str, origin: dt.datetime, at: dt.datetime) -> int:
    """An index near the right one."""
    if unit == "day":
        return (at - origin).days
    if unit == "week":
        return (at - origin).days // 7
    if unit == "month":
        return (at.year - origin.year) * 12 + at.month - origin.month
    if unit == "year":
        return at.year - origin.year
    raise ValueError(f"unknown period {unit!r}")


def _boundary(unit: str, origin: dt.datetime, index: int) -> dt.datetime:
    """The start of the period with this index; index 0 starts at the origin."""
    if unit == "day":
        return origin + dt.timedelta(days=index)
    if unit == "week":
        return origin + dt.timedelta(weeks=index)
    months = index * 12 if unit == "year" else index
    year, month = divmod(origin.year * 12 + origin.month - 1 + months, 12)
    day = min(origin.day, calendar.monthrange(year, month + 1)[1])
    return origin.replace(year=year, month=month + 1, day=day)
