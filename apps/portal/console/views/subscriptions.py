"""The subscriptions of an organization."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.core import clock
from apps.portal.access import PortalRequest, organization_page
from apps.portal.console.standings import standings_of
from apps.portal.usage.ranges import read_range
from apps.subscriptions.selectors import list_api_subscriptions, list_live_subscriptions

SUBSCRIPTIONS_PER_PAGE = 25


@require_safe
@organization_page
def subscriptions(request: PortalRequest) -> HttpResponse:
    found = list_api_subscriptions(request.actor)
    page = Paginator(found, SUBSCRIPTIONS_PER_PAGE).get_page(request.GET.get("page"))
    span = read_range({}, clock.now())
    standings = standings_of(list(page.object_list), span)
    live = list_live_subscriptions(request.actor).count()
    context = {
        "page": page,
        "live": live,
        "canceled": page.paginator.count - live,
        "standings": standings,
        "span": span,
    }
    return render(request, "console/subscriptions.html", context)
