"""The request log of a product: single calls of all its consumers, forwarded and refused."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.portal.access import PortalRequest
from apps.portal.rendering import render_page
from apps.portal.requests.filters import OUTCOMES
from apps.portal.requests.lines import LogLine, NextStep, line, policy_in_words
from apps.portal.studio.access import product_page
from apps.portal.studio.advice import code_of, explain_to_creator
from apps.portal.studio.filters import read_product_filters
from apps.portal.usage.ranges import PRESET_CHOICES
from apps.products.models import Product
from apps.subscriptions.selectors import get_consumer
from apps.usage.selectors import RequestEntry, Scope, get_request, list_requests

# Where what a call came to can be dealt with: code → name of the page.
_PAGES = {
    "route_not_found": "portal:studio-endpoints",
    "method_not_allowed": "portal:studio-endpoints",
    "plan_upgrade_required": "portal:studio-endpoints",
    "rate_limited": "portal:studio-plans",
    "request_too_large": "portal:studio-settings",
    "upstream_suspended": "portal:studio-settings",
    "upstream_unreachable": "portal:studio-settings",
    "upstream_timeout": "portal:studio-settings",
    "client_closed": "portal:studio-usage",
}


@require_safe
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    chosen = read_product_filters(request, product)
    page = list_requests(chosen.scope, chosen.filters.request_filters(), request.GET.get("cursor", ""))
    own = (request.actor.organization.slug, product.slug)
    context = {
        "product": product,
        "chosen": chosen,
        "filters": chosen.filters,
        "outcomes": OUTCOMES.items(),
        "presets": PRESET_CHOICES,
        "lines": [_line(entry, own) for entry in page.entries],
        "older": page.next_cursor,
        "party_title": _("Consumer"),
    }
    return render_page(request, "studio/requests.html", context, fragment="log")


@require_safe
@product_page
def detail(request: PortalRequest, product: Product, request_id: str) -> HttpResponse:
    entry = get_request(Scope.of_product(product), request_id)
    own = (request.actor.organization.slug, product.slug)
    consumer = None
    if entry.subscription is not None:
        consumer = get_consumer(request.actor, product, public_id=entry.subscription.public_id)
    refused = entry.rejection
    context = {
        "product": product,
        "entry": entry,
        "consumer": consumer,
        "why": explain_to_creator(entry),
        "policy": policy_in_words(refused, consumer) if refused and refused.policy and consumer else "",
        "step": _next_step(entry, own),
        "is_refused": entry.is_rejected and entry.call.status > 0,
    }
    return render(request, "studio/request.html", context)


def _line(entry: RequestEntry, own: tuple[str, str]) -> LogLine:
    return line(
        entry,
        explain_to_creator(entry),
        url=reverse("portal:studio-request", args=[*own, entry.request_id]),
        party=entry.subscription.organization.name if entry.subscription else "",
    )


def _next_step(entry: RequestEntry, own: tuple[str, str]) -> NextStep | None:
    code = code_of(entry)
    if entry.subscription is not None and code in ("quota_exceeded", "subscription_inactive"):
        args = [*own, entry.subscription.public_id]
        return NextStep(_("Open the consumer"), reverse("portal:studio-consumer", args=args))
    texts = {
        "portal:studio-endpoints": _("Open the endpoints"),
        "portal:studio-plans": _("Open the plans"),
        "portal:studio-settings": _("Open the settings"),
        "portal:studio-usage": _("Open the usage"),
    }
    page = _PAGES.get(code)
    return NextStep(texts[page], reverse(page, args=own)) if page else None
