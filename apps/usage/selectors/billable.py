import datetime as dt

from apps.plans.models import Quota
from apps.subscriptions.models import Subscription
from apps.usage.selectors.progress import find_complete_until
from apps.usage.sums import UsageSpan, sum_units


def billable_units(subscription: Subscription, *, quota: Quota, start: dt.datetime, end: dt.datetime) -> int:
    return sum_units([UsageSpan(subscription.pk, subscription.quota_epoch, start, end)])[0]


def is_complete(subscription: Subscription, until: dt.datetime) -> bool:
    known = find_complete_until([subscription])
    return known is not None and known >= until
