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


class BillingInterval(models.TextChoices):
    """What the price of a plan is for. The words are those of `QuotaPeriodUnit`, so that `period_at` takes them."""

    WEEK = "week", _("week")
    MONTH = "month", _("month")
    YEAR = "year", _("year")


class OverageRule(models.TextChoices):
    """What happens beyond the included units of a quota."""

    BLOCK = "block", _("refuse further calls")
    PER_UNIT = "per_unit", _("charge a price per unit, up to a cap")
    GRADUATED = "graduated", _("charge in tiers, up to a cap")

    @classmethod
    def charged(cls) -> frozenset["OverageRule"]:
        """Those under which extra units pass and are charged."""
        return frozenset({cls.PER_UNIT, cls.GRADUATED})


class PlanVisibility(models.TextChoices):
    PUBLIC = "public", _("everybody")
    PRIVATE = "private", _("only organizations that you name")


class QuotaOnChange(models.TextChoices):
    """What a subscriber who moves to this plan within a period finds used of its quotas."""

    RESET = "reset", _("start anew")
    CARRY_OVER = "carry_over", _("carry over what was used")


class RateWindow(models.TextChoices):
    SECOND = "second", _("second")
    MINUTE = "minute", _("minute")
    HOUR = "hour", _("hour")


WINDOW_SECONDS = {RateWindow.SECOND: 1, RateWindow.MINUTE: 60, RateWindow.HOUR: 3600}
