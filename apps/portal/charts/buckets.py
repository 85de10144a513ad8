"""Steps of the time axis, in UTC as usage is counted."""

import datetime as dt

from django.utils.formats import date_format

from apps.portal.charts.model import Bucket


def hour_buckets(start: dt.datetime, hours: int, now: dt.datetime) -> list[Bucket]:
    """The hours from `start`, which is a full hour in UTC; the one that `now` falls in is incomplete."""
    return [_hour(start + dt.timedelta(hours=index), now) for index in range(hours)]


def _hour(hour: dt.datetime, now: dt.datetime) -> Bucket:
    incomplete = hour <= now < hour + dt.timedelta(hours=1)
    return Bucket(date_format(hour, "H:i"), f"{date_format(hour, 'j M, H:i')} UTC", incomplete)


def day_buckets(first: dt.date, days: int, today: dt.date) -> list[Bucket]:
    """The days from `first`; today is incomplete."""
    dates = [first + dt.timedelta(days=index) for index in range(days)]
    return [Bucket(date_format(day, "j M"), date_format(day, "D j M Y"), day == today) for day in dates]
