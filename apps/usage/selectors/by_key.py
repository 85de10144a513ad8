"""How the keys of a subscription are used, for a list of them: always the same number of queries."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Max, Q, Sum
from django.db.models.functions import TruncDay

from apps.keys.models import ApiKey
from apps.subscriptions.models import Subscription
from apps.usage.models import UsageEvent, UsageRollup
from apps.usage.sums import floor_hour

DAYS_SHOWN = 30
_DAY = dt.timedelta(days=1)
_HOUR = dt.timedelta(hours=1)
_ERRORS = F("client_errors") + F("server_errors")


@dataclass(frozen=True, slots=True)
class KeyStatistics:
    """Calls with a key that were forwarded; errors are answers of 400 and above.

    `last_used_at` is the time of the last call; None where there was none. `calls_by_day` are the last 30 days (UTC),
    today last. The last 24 hours begin with a whole hour.
    """

    calls_in_a_day: int = 0
    errors_in_a_day: int = 0
    calls_in_30_days: int = 0
    errors_in_30_days: int = 0
    last_used_at: dt.datetime | None = None
    calls_by_day: tuple[int, ...] = (0,) * DAYS_SHOWN


def key_statistics(subscription: Subscription, keys: Iterable[ApiKey], now: dt.datetime) -> dict[int, KeyStatistics]:
    """For each of these keys of the subscription, by its primary key."""
    numbers = [key.pk for key in keys]
    rollups = UsageRollup.objects.filter(subscription=subscription, api_key__in=numbers).order_by()
    last_used = _last_used(subscription, dict(rollups.values_list("api_key").annotate(Max("hour"))))
    first_day = floor_hour(now).replace(hour=0) - (DAYS_SHOWN - 1) * _DAY
    last_day = Q(hour__gte=floor_hour(now - _DAY))
    rows = (
        rollups.filter(hour__gte=first_day, hour__lte=now)
        .annotate(day=TruncDay("hour", tzinfo=dt.UTC))
        .values("api_key", "day")
        .annotate(
            all_calls=Sum("calls"),
            all_errors=Sum(_ERRORS),
            recent_calls=Sum("calls", filter=last_day, default=0),
            recent_errors=Sum(_ERRORS, filter=last_day, default=0),
        )
    )
    by_key: dict[int, list[dict[str, Any]]] = {number: [] for number in numbers}
    for row in rows:
        by_key[row["api_key"]].append(dict(row))
    return {number: _statistics(found, first_day, last_used.get(number)) for number, found in by_key.items()}


def _last_used(subscription: Subscription, last_hours: dict[int, dt.datetime]) -> dict[int, dt.datetime]:
    """The time of each key's last call, in one query.

    The rollups say in which hour it was, so that no more of the subscription's calls than those of one hour are passed
    on the way to it.
    """
    calls = UsageEvent.objects.filter(subscription=subscription).order_by("-occurred_at")
    newest = [
        calls.filter(api_key=key, occurred_at__gte=hour, occurred_at__lt=hour + _HOUR).values_list(
            "api_key", "occurred_at"
        )[:1]
        for key, hour in last_hours.items()
    ]
    return dict(newest[0].union(*newest[1:], all=True)) if newest else {}


def _statistics(
    rows: Sequence[dict[str, Any]], first_day: dt.datetime, last_used_at: dt.datetime | None
) -> KeyStatistics:
    days = [0] * DAYS_SHOWN
    for row in rows:
        days[(row["day"] - first_day).days] = row["all_calls"]
    total = {
        name: sum(row[name] for row in rows) for name in ("all_calls", "all_errors", "recent_calls", "recent_errors")
    }
    return KeyStatistics(
        calls_in_a_day=total["recent_calls"],
        errors_in_a_day=total["recent_errors"],
        calls_in_30_days=total["all_calls"],
        errors_in_30_days=total["all_errors"],
        last_used_at=last_used_at,
        calls_by_day=tuple(days),
    )
