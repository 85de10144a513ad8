"""The usage of a subscription: what is left, how it went, by endpoint and by key."""

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.core import clock
from apps.portal.access import PortalRequest
from apps.portal.console.access import subscription_page
from apps.portal.rendering import render_page
from apps.portal.usage.charts import points_of
from apps.portal.usage.context import usage_context
from apps.portal.usage.export import usage_csv_file
from apps.portal.usage.pace import pace_of
from apps.portal.usage.ranges import PRESET_CHOICES, read_range
from apps.subscriptions.models import Subscription
from apps.usage import selectors
from apps.usage.selectors import Scope

# The most called; the rest is in the request log.
ENDPOINTS_SHOWN = 50


@require_safe
@subscription_page
def usage(request: PortalRequest, subscription: Subscription) -> HttpResponse:
    now = clock.now()
    span = read_range(request.GET, now)
    scope = Scope.of_subscription(subscription)
    context = usage_context(
        scope, span, now, endpoints_shown=ENDPOINTS_SHOWN, csv_url=_csv_url(request, subscription)
    ) | {
        "subscription": subscription,
        "presets": PRESET_CHOICES,
        "quotas": [pace_of(quota, now) for quota in selectors.quota_usage(subscription)],
        "keys": selectors.usage_by_key(scope, span.start, span.end),
        "has_calls": selectors.has_calls(scope),
    }
    return render_page(request, "console/usage.html", context, fragment="usage")


@require_safe
@subscription_page
def usage_csv(request: PortalRequest, subscription: Subscription) -> HttpResponse:
    """The numbers behind the charts, a line for each hour or day (UTC)."""
    span = read_range(request.GET, clock.now())
    return usage_csv_file(points_of(Scope.of_subscription(subscription), span), span, subscription.product)


def _csv_url(request: PortalRequest, subscription: Subscription) -> str:
    url = reverse("portal:subscription-usage-csv", args=[request.actor.organization.slug, subscription.public_id])
    return f"{url}?{request.GET.urlencode()}" if request.GET else url
