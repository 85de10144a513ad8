"""What a consumer wants to know first: how much was called, and what is near its limit."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.core import clock
from apps.portal.access import PortalRequest, organization_page
from apps.portal.console.standings import Standing, standings_of
from apps.portal.requests.lines import explain, line
from apps.portal.usage.charts import points_of, usage_charts
from apps.portal.usage.ranges import read_range
from apps.products.selectors import has_products
from apps.subscriptions.selectors import list_live_subscriptions
from apps.usage import selectors
from apps.usage.selectors import RequestFilters, Scope

SUBSCRIPTIONS_SHOWN = 12
REFUSALS_SHOWN = 8


@require_safe
@organization_page
def dashboard(request: PortalRequest) -> HttpResponse:
    subscriptions = list(list_live_subscriptions(request.actor))
    if not subscriptions:
        return render(request, "console/dashboard.html", {"standings": [], "sells": has_products(request.actor)})
    now = clock.now()
    span = read_range({}, now)
    scope = Scope.of_subscriptions(subscriptions)
    standings = sorted(standings_of(subscriptions, span), key=_fullness, reverse=True)
    total = selectors.get_usage(scope, span.start, span.end)
    refusals = selectors.list_requests(
        scope, RequestFilters(outcome="rejected", start=span.start, end=span.end), limit=REFUSALS_SHOWN
    )
    context = {
        "standings": standings[:SUBSCRIPTIONS_SHOWN],
        "more": max(0, len(standings) - SUBSCRIPTIONS_SHOWN),
        "pressing": [one for one in standings if one.pressing],
        "any_begun": any(one.has_begun for one in standings),
        "span": span,
        "total": total,
        "has_calls": selectors.has_calls(scope),
        "refused": sum(calls for _code, calls in selectors.rejections_by_code(scope, span.start, span.end)),
        "chart": usage_charts(points_of(scope, span), total, span, now).calls,
        "refusals": [line(entry, explain(entry)) for entry in refusals.entries],
    }
    return render(request, "console/dashboard.html", context)


def _fullness(standing: Standing) -> float:
    return standing.fullest.usage.percent if standing.fullest else 0.0
