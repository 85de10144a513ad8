import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from apps.core import clock
from apps.plans.periods import period_at
from apps.plans.pricing import TierPrice, rate
from apps.products.hosting import is_hosting
from apps.subscriptions.models import Subscription
from apps.subscriptions.overage import extra_units_of
from apps.usage.selectors.hosted import epoch_began_at, hosted_units
from apps.usage.sums import UsageSpan, sum_units


@dataclass(frozen=True, slots=True)
class QuotaUsage:
    """A quota in its running period `[starts_at, ends_at)`: units as stored, so a second behind at most.

    Beyond `included` units, up to `extra_max` pass and cost what `tier_prices` say, in minor units of `currency`.
    """

    name: str
    period: str
    included: int
    used: int
    starts_at: dt.datetime
    ends_at: dt.datetime
    extra_max: int = 0
    tier_prices: tuple[TierPrice, ...] = ()
    currency: str = ""

    @property
    def remaining(self) -> int:
        """How many of the included units are left."""
        return max(0, self.included - self.used)

    @property
    def left(self) -> int:
        """How many units may still be used, the charged ones among them."""
        return max(0, self.included + self.extra_max - self.used)

    @property
    def extra(self) -> int:
        """How many units are charged so far."""
        return max(0, self.used - self.included) if self.extra_max else 0

    @property
    def extra_amount(self) -> int:
        """What they cost so far, as an invoice would say."""
        return rate(self.extra, self.tier_prices)

    @property
    def share(self) -> float:
        """How much of the included units is used, from 0 to 1; 1 where none are included, above 1 with overage."""
        return self.used / self.included if self.included else 1.0

    @property
    def percent(self) -> float:
        """The same from 0 to 100."""
        return 100 * self.share


def quota_usage(subscription: Subscription) -> list[QuotaUsage]:
    """The running period of each quota of the subscription's plan."""
    return quota_usages([subscription])[subscription.pk]


def quota_usages(subscriptions: Sequence[Subscription]) -> dict[int, list[QuotaUsage]]:
    """The same of several, by primary key, in one query; the plans come with their quotas.

    Of hosting, what all products of the organization used, in queries of its own: there is one such subscription.
    """
    now = clock.now()
    running = [
        (subscription, quota, *period_at(quota.period, quota.anchor, subscription.anchored_at, now))
        for subscription in subscriptions
        for quota in subscription.plan.quotas.all()
    ]
    used = sum_units([UsageSpan(one.pk, one.quota_epoch, start, end) for one, _quota, start, end in running])
    usages: dict[int, list[QuotaUsage]] = {subscription.pk: [] for subscription in subscriptions}
    for (one, quota, start, end), own_units in zip(running, used, strict=True):
        units = own_units
        if is_hosting(one.product):
            units = hosted_units(one.organization_id, max(start, epoch_began_at(one)), end)
        usages[one.pk].append(
            QuotaUsage(
                name=quota.name,
                period=quota.period,
                included=quota.included_units,
                used=units,
                starts_at=start,
                ends_at=end,
                extra_max=extra_units_of(one, quota),
                tier_prices=quota.tier_prices,
                currency=one.plan.currency,
            )
        )
    return usages
