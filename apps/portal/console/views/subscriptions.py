"""The subscriptions of an organization."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.portal.access import PortalRequest, organization_page
from apps.subscriptions.selectors import list_subscriptions

SUBSCRIPTIONS_PER_PAGE = 25


@require_safe
@organization_page
def subscriptions(request: PortalRequest) -> HttpResponse:
    page = Paginator(list_subscriptions(request.actor), SUBSCRIPTIONS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "console/subscriptions.html", {"page": page})
