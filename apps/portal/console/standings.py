"""Subscriptions with what they use."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.core import clock
from apps.portal.usage.pace import QuotaPace, pace_of
from apps.portal.usage.ranges import DateRange
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.usage.selectors import Scope, UsageStats, quota_usages, usage_by_subscription


@dataclass(frozen=True)
class Standing:
    """A subscription with its quotas as they are now, and its calls in a range."""

    subscription: Subscription
    quotas: list[QuotaPace]
    stats: UsageStats

    @property
    def has_begun(self) -> bool:
        """Whether its quotas can be used: it is approved, and paid where it has a price."""
        return self.subscription.status not in (SubscriptionStatus.PENDING_APPROVAL, SubscriptionStatus.INCOMPLETE)

    @property
    def fullest(self) -> QuotaPace | None:
        return max(self.quotas, key=lambda quota: quota.usage.percent, default=None)

    @property
    def pressing(self) -> QuotaPace | None:
        """The quota that wants attention: near its end, or used too fast; None where none does."""
        if not self.has_begun:
            return None
        if self.fullest is not None and self.fullest.is_high:
            return self.fullest
        return next((quota for quota in self.quotas if quota.runs_out_at is not None), None)


def standings_of(subscriptions: Sequence[Subscription], span: DateRange) -> list[Standing]:
    """One for each, in the same order. The plans come with their quotas."""
    now = clock.now()
    quotas = quota_usages(subscriptions)
    stats = usage_by_subscription(Scope.of_subscriptions(subscriptions), span.start, span.end)
    return [
        Standing(one, [pace_of(usage, now) for usage in quotas[one.pk]], stats.get(one.pk, UsageStats()))
        for one in subscriptions
    ]
