"""The time that a page of usage shows: a preset or two dates, in UTC, read from the address."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.portal import formats

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
LONGEST_DAYS = 366
# Up to this many days are drawn by the hour.
HOURLY_DAYS = 2

PRESETS: dict[str, tuple[int, str | Promise]] = {
    "24h": (1, gettext_lazy("24 hours")),
    "7d": (7, gettext_lazy("7 days")),
    "30d": (30, gettext_lazy("30 days")),
    "90d": (90, gettext_lazy("90 days")),
}
DEFAULT = "30d"
# For templates: the word in the address, and the words on the page.
PRESET_CHOICES = [(key, words) for key, (_days, words) in PRESETS.items()]


@dataclass(frozen=True)
class DateRange:
    """`[start, end)`; `preset` is empty for two dates, and `error` says why what was asked for is not shown."""

    start: dt.datetime
    end: dt.datetime
    preset: str
    error: str = ""

    @property
    def first(self) -> dt.date:
        return self.start.date()

    @property
    def last(self) -> dt.date:
        """The last day that is part of it."""
        return (self.end - dt.timedelta(microseconds=1)).date()

    @property
    def is_hourly(self) -> bool:
        return self.end - self.start <= HOURLY_DAYS * DAY

    @property
    def step(self) -> dt.timedelta:
        """The width of a bucket of the charts."""
        return HOUR if self.is_hourly else DAY

    @property
    def buckets(self) -> int:
        return -((self.start - self.end) // self.step)

    @property
    def query(self) -> str:
        """What asks for the same range in the address of another page."""
        return f"range={self.preset}" if self.preset else f"from={self.first}&to={self.last}"

    @property
    def words(self) -> str:
        """`the last 30 days`, or the two dates."""
        if self.preset:
            return _("the last %(span)s") % {"span": PRESETS[self.preset][1]}
        return formats.period(self.start, self.end)


def read_range(params: Mapping[str, str], now: dt.datetime) -> DateRange:
    """What `?range=`, else `?from=` and `?to=` ask for; the default, with the reason, where they make no sense."""
    preset, first, last = params.get("range", ""), params.get("from", ""), params.get("to", "")
    if preset in PRESETS:
        return _preset(preset, now)
    if first or last:
        return _between(first, last, now)
    return _preset(DEFAULT, now)


def _preset(preset: str, now: dt.datetime, error: str = "") -> DateRange:
    """Whole hours or days up to and with the running one."""
    days = PRESETS[preset][0]
    step = HOUR if days <= HOURLY_DAYS else DAY
    end = _floor(now, step) + step
    return DateRange(end - days * DAY, end, preset, error)


def _between(first: str, last: str, now: dt.datetime) -> DateRange:
    try:
        start, end = _midnight(first), _midnight(last)
    except ValueError:
        return _preset(DEFAULT, now, _("Give both dates as year-month-day, such as 2026-01-31."))
    if start > end:
        return _preset(DEFAULT, now, _("The first date is after the last."))
    if start > now:
        return _preset(DEFAULT, now, _("These dates are in the future."))
    end = min(end, _floor(now, DAY)) + DAY
    if end - start > LONGEST_DAYS * DAY:
        return _preset(DEFAULT, now, _("Choose at most %(days)d days.") % {"days": LONGEST_DAYS})
    return DateRange(start, end, "")


def _midnight(text: str) -> dt.datetime:
    """The start of the day, UTC. Raises ValueError."""
    date = parse_date(text)
    if date is None or date.year < 2000:
        raise ValueError(text)
    return dt.datetime.combine(date, dt.time(), dt.UTC)


def _floor(at: dt.datetime, step: dt.timedelta) -> dt.datetime:
    at = at.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
    return at if step == HOUR else at.replace(hour=0)
