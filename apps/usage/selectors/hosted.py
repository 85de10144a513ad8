"""The calls that the platform serves for a creator: what a hosting plan counts."""

import datetime as dt

from django.db.models import QuerySet, Sum

from apps.products.models import Product
from apps.subscriptions.models import Subscription, SubscriptionChange
from apps.usage.models import EndpointDay, UsageEvent, UsageRollup
from apps.usage.sums import ceil_day, ceil_hour, floor_day, floor_hour


def hosted_units(organization_id: int, start: dt.datetime, end: dt.datetime) -> int:
    """The units that all consumers of the organization's products were billed for in `[start, end)`, exactly.

    Whole days and hours from the rollups, the moments before and after them from the calls.
    """
    first_hour, last_hour, first_day, last_day = ceil_hour(start), floor_hour(end), ceil_day(start), floor_day(end)
    products = Product.objects.filter(organization=organization_id).values("pk")
    days = EndpointDay.objects.filter(product__in=products)
    hours = UsageRollup.objects.filter(product__in=products)
    calls = UsageEvent.objects.filter(product__in=products)
    return sum(
        _units(rows)
        for rows in (
            days.filter(day__gte=first_day, day__lt=last_day),
            hours.filter(hour__gte=first_hour, hour__lt=min(first_day, last_hour)),
            hours.filter(hour__gte=max(first_day, last_day), hour__lt=last_hour),
            calls.filter(occurred_at__gte=start, occurred_at__lt=min(first_hour, end)),
            calls.filter(occurred_at__gte=max(first_hour, last_hour), occurred_at__lt=end),
        )
    )


def epoch_began_at(subscription: Subscription) -> dt.datetime:
    """Since when the subscription's quotas count: its beginning, or their last reset."""
    changes = SubscriptionChange.objects.filter(subscription=subscription, quota_epoch=subscription.quota_epoch)
    first = changes.order_by("pk").first()
    return first.occurred_at if first else subscription.started_at


def _units(rows: "QuerySet[EndpointDay] | QuerySet[UsageRollup] | QuerySet[UsageEvent]") -> int:
    return rows.aggregate(total=Sum("units"))["total"] or 0
