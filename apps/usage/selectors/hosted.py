"""The calls that the platform serves for a creator: what a hosting plan counts."""

import datetime as dt
from typing import Any

from django.db.models import Q, QuerySet, Sum

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
    parts: list[tuple[QuerySet[Any], str, dt.datetime, dt.datetime]] = [
        (days, "day", first_day, last_day),
        (hours, "hour", first_hour, min(first_day, last_hour)),
        (hours, "hour", max(first_day, last_day), last_hour),
        (calls, "occurred_at", start, min(first_hour, end)),
        (calls, "occurred_at", max(first_hour, last_hour), end),
    ]
    return sum(_units(rows, column, since, until) for rows, column, since, until in parts if since < until)


def epoch_began_at(subscription: Subscription) -> dt.datetime:
    """Since when the subscription's quotas count: its beginning, or their last reset."""
    changes = SubscriptionChange.objects.filter(subscription=subscription, quota_epoch=subscription.quota_epoch)
    first = changes.order_by("pk").first()
    return first.occurred_at if first else subscription.started_at


def _units(rows: QuerySet[Any], column: str, since: dt.datetime, until: dt.datetime) -> int:
    within = rows.filter(Q((f"{column}__gte", since), (f"{column}__lt", until)))
    return within.aggregate(total=Sum("units"))["total"] or 0
