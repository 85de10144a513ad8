import datetime as dt
from dataclasses import dataclass

from apps.core import clock
from apps.plans.periods import period_at
from apps.subscriptions.models import Subscription
from apps.usage.sums import UsageSpan, sum_units


@dataclass(frozen=True, slots=True)
class QuotaUsage:
    """A quota in its running period `[starts_at, ends_at)`: units as stored, so a second behind at most."""

    name: str
    period: str
    included: int
    used: int
    starts_at: dt.datetime
    ends_at: dt.datetime

    @property
    def remaining(self) -> int:
        return max(0, self.included - self.used)

    @property
    def percent(self) -> float:
        """How much of the included units is used; 100 where none are included, and above 100 with overage."""
        return 100 * self.used / self.included if self.included else 100.0


def quota_usage(subscription: Subscription) -> list[QuotaUsage]:
    """The running period of each quota of the subscription's plan."""
    now = clock.now()
    quotas = list(subscription.plan.quotas.all())
    periods = [period_at(quota.period, quota.anchor, subscription.started_at, now) for quota in quotas]
    used = sum_units([UsageSpan(subscription.pk, subscription.quota_epoch, start, end) for start, end in periods])
    return [
        QuotaUsage(quota.name, quota.period, quota.included_units, units, start, end)
        for quota, (start, end), units in zip(quotas, periods, used, strict=True)
    ]
