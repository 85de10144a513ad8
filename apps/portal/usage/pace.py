"""How fast a quota is used: whether it lasts until its period ends."""

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.plans.enums import QuotaPeriodUnit
from apps.portal.formats import grouped, money
from apps.usage.selectors import QuotaUsage

# From this share of a quota on, it is said to be near its end.
HIGH_PERCENT = 80
# A pace says something once this share of the period has passed.
_MEANINGFUL_SHARE = 0.2


@dataclass(frozen=True)
class QuotaPace:
    """A quota as pages show it. `projected` is what the period comes to at this pace; None while that says nothing."""

    usage: QuotaUsage
    label: str
    projected: int | None
    runs_out_at: dt.datetime | None  # before the end of the period; None where it lasts or is used up

    @property
    def is_high(self) -> bool:
        return self.usage.percent >= HIGH_PERCENT

    @property
    def extra_note(self) -> str:
        """What is charged so far, once the included units are used; empty before, and where nothing more may pass."""
        usage = self.usage
        if not usage.extra_max or usage.remaining:
            return ""
        return _("%(extra)s extra, %(amount)s so far, %(left)s more may pass") % {
            "extra": grouped(usage.extra),
            "amount": money(usage.extra_amount, usage.currency),
            "left": grouped(usage.left),
        }

    @property
    def is_used_up(self) -> bool:
        return self.usage.left == 0


def pace_of(usage: QuotaUsage, now: dt.datetime) -> QuotaPace:
    passed = (now - usage.starts_at) / (usage.ends_at - usage.starts_at)
    projected = round(usage.used / passed) if usage.used and _MEANINGFUL_SHARE <= passed <= 1 else None
    runs_out_at = None
    allowed = usage.included + usage.extra_max
    if projected is not None and projected > allowed and usage.left:
        runs_out_at = usage.starts_at + (now - usage.starts_at) * (allowed / usage.used)
    return QuotaPace(usage, quota_label(usage.period), projected, runs_out_at)


def quota_label(period: str) -> str:
    return {
        QuotaPeriodUnit.DAY: _("Daily quota"),
        QuotaPeriodUnit.WEEK: _("Weekly quota"),
        QuotaPeriodUnit.MONTH: _("Monthly quota"),
        QuotaPeriodUnit.YEAR: _("Yearly quota"),
    }[QuotaPeriodUnit(period)]
