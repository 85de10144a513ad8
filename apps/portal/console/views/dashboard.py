"""What a consumer wants to know first: how much was called, and what is near its limit."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.core import clock
from apps.portal.access import PortalRequest, organization_page
from apps.portal.console.log import explain, line
from apps.portal.quota_pace import QuotaPace, pace_of
from apps.portal.ranges import read_range
from apps.portal.usage_charts import points_of, usage_charts
from apps.subscriptions.models import Subscription
from apps.subscriptions.selectors import list_live_subscriptions
from apps.usage import selectors
from apps.usage.selectors import RequestFilters, Scope, UsageStats

SUBSCRIPTIONS_SHOWN = 12
REFUSALS_SHOWN = 8


@dataclass(frozen=True)
class Standing:
    """A subscription with what it used: its quotas now, its calls in the last 30 days."""

    subscription: Subscription
    quotas: list[QuotaPace]
    stats: UsageStats

    @property
    def fullest(self) -> QuotaPace | None:
        return max(self.quotas, key=lambda quota: quota.usage.percent, default=None)


@require_safe
@organization_page
def dashboard(request: PortalRequest) -> HttpResponse:
    subscriptions = list(list_live_subscriptions(request.actor))
    if not subscriptions:
        return render(request, "console/dashboard.html", {"standings": []})
    now = clock.now()
    span = read_range({}, now)
    scope = Scope.of_subscriptions(subscriptions)
    standings = _standings(subscriptions, scope, span.start, span.end)
    total = selectors.get_usage(scope, span.start, span.end)
    refusals = selectors.list_requests(
        scope, RequestFilters(outcome="rejected", start=span.start, end=span.end), limit=REFUSALS_SHOWN
    )
    context = {
        "standings": standings[:SUBSCRIPTIONS_SHOWN],
        "more": max(0, len(standings) - SUBSCRIPTIONS_SHOWN),
        "near": [one for one in standings if one.fullest and one.fullest.is_high],
        "span": span,
        "total": total,
        "refused": sum(calls for _code, calls in selectors.rejections_by_code(scope, span.start, span.end)),
        "chart": usage_charts(points_of(scope, span), total, span, now).calls,
        "refusals": [line(entry, explain(entry)) for entry in refusals.entries],
    }
    return render(request, "console/dashboard.html", context)


def _standings(
    subscriptions: Sequence[Subscription], scope: Scope, start: dt.datetime, end: dt.datetime
) -> list[Standing]:
    """Those nearest to a limit first."""
    now = clock.now()
    quotas = selectors.quota_usages(subscriptions)
    stats = {
        one.subscription.pk: one.stats for one in selectors.usage_by_consumer(scope, start, end) if one.subscription
    }
    standings = [
        Standing(one, [pace_of(usage, now) for usage in quotas[one.pk]], stats.get(one.pk, UsageStats()))
        for one in subscriptions
    ]
    return sorted(standings, key=lambda one: one.fullest.usage.percent if one.fullest else 0, reverse=True)
