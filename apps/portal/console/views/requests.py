"""The request log: single calls, forwarded and refused, and why a call was refused."""

from collections.abc import Callable

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.keys.selectors import list_keys
from apps.portal.access import PortalRequest, organization_page
from apps.portal.console.access import subscription_page
from apps.portal.console.log import describe
from apps.portal.rendering import render_page
from apps.portal.requests.filters import CHOICES_MAX, OUTCOMES, LogFilters, endpoint_choices, read_filters
from apps.portal.requests.lines import LogLine, explain, line
from apps.portal.usage.ranges import PRESET_CHOICES
from apps.subscriptions.models import Subscription
from apps.subscriptions.selectors import get_subscription, list_subscriptions
from apps.usage.selectors import RequestEntry, Scope, get_request, list_requests


@require_safe
@subscription_page
def subscription_log(request: PortalRequest, subscription: Subscription) -> HttpResponse:
    endpoints = endpoint_choices(request.GET, subscription.product)
    keys = list(list_keys(subscription)[:CHOICES_MAX])
    filters = read_filters(request.GET, endpoints=endpoints, keys=keys)
    page = (request.actor.organization.slug, subscription.public_id)
    return _log(
        request,
        Scope.of_subscription(subscription),
        filters,
        "console/subscription_requests.html",
        {"subscription": subscription, "endpoints": endpoints, "keys": keys},
        lambda entry: line(
            entry, explain(entry), url=reverse("portal:subscription-request", args=[*page, entry.request_id])
        ),
    )


@require_safe
@organization_page
def organization_log(request: PortalRequest) -> HttpResponse:
    subscriptions = list(list_subscriptions(request.actor))
    filters = read_filters(request.GET, subscriptions=subscriptions)
    chosen = [filters.subscription] if filters.subscription else subscriptions
    return _log(
        request,
        Scope.of_subscriptions(chosen),
        filters,
        "console/requests.html",
        {"subscriptions": subscriptions, "party_title": _("Product")},
        lambda entry: line(
            entry,
            explain(entry),
            url=reverse("portal:request", args=[request.actor.organization.slug, entry.request_id]),
            party=entry.subscription.product.name if entry.subscription else "",
        ),
    )


@require_safe
@subscription_page
def subscription_request(request: PortalRequest, subscription: Subscription, request_id: str) -> HttpResponse:
    entry = get_request(Scope.of_subscription(subscription), request_id)
    context = {"subscription": subscription, "call": describe(entry, subscription)}
    return render(request, "console/request.html", context)


@require_safe
@organization_page
def organization_request(request: PortalRequest, request_id: str) -> HttpResponse:
    entry = get_request(Scope.of_subscriptions(list_subscriptions(request.actor)), request_id)
    assert entry.subscription is not None
    subscription = get_subscription(request.actor, public_id=entry.subscription.public_id)
    context = {"subscription": subscription, "call": describe(entry, subscription)}
    return render(request, "console/request.html", context)


def _log(
    request: PortalRequest,
    scope: Scope,
    filters: LogFilters,
    template: str,
    context: dict[str, object],
    line_of: Callable[[RequestEntry], LogLine],
) -> HttpResponse:
    page = list_requests(scope, filters.request_filters(), request.GET.get("cursor", ""))
    context |= {
        "filters": filters,
        "outcomes": OUTCOMES.items(),
        "presets": PRESET_CHOICES,
        "lines": [line_of(entry) for entry in page.entries],
        "older": page.next_cursor,
    }
    return render_page(request, template, context, fragment="log")
