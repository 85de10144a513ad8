from django.db import models
from django.utils.translation import gettext_lazy as _


class QuotaPeriodUnit(models.TextChoices):
    DAY = "day", _("day")
    WEEK = "week", _("week")
    MONTH = "month", _("month")
    YEAR = "year", _("year")


class QuotaAnchor(models.TextChoices):
    """Where a period begins: at midnight UTC by the calendar, or at the instant the subscription started."""

    CALENDAR = "calendar", _("calendar")
    SUBSCRIPTION = "subscription", _("subscription")


class RateWindow(models.TextChoices):
    SECOND = "second", _("second")
    MINUTE = "minute", _("minute")
    HOUR = "hour", _("hour")


WINDOW_SECONDS = {RateWindow.SECOND: 1, RateWindow.MINUTE: 60, RateWindow.HOUR: 3600}
