"""The keys of a subscription. The secret is in the answer to the POST that made it and nowhere else."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.permissions import Action
from apps.core import clock
from apps.keys import services
from apps.keys.models import ApiKey
from apps.keys.selectors import get_key, list_keys
from apps.portal.access import PortalRequest
from apps.portal.console.access import subscription_page
from apps.portal.console.forms import KeyForm
from apps.portal.forms import carried_out
from apps.portal.marketplace.documentation import first_call
from apps.portal.usage.ranges import read_range
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.usage.selectors import Scope, usage_by_key

KEYS_PER_PAGE = 50


@require_safe
@never_cache
@subscription_page
def keys(request: PortalRequest, subscription: Subscription) -> HttpResponse:
    return render(request, "console/keys.html", _context(request, subscription, KeyForm()))


@require_POST
@never_cache
@subscription_page
def key_create(request: PortalRequest, subscription: Subscription) -> HttpResponse:
    """The page of keys with the secret on it, this once; `never_cache` keeps it out of every cache."""
    form = KeyForm(request.POST)
    made = None
    if form.is_valid():
        made = carried_out(
            form,
            lambda: services.create_key(
                actor=request.actor,
                subscription=subscription,
                name=form.cleaned_data["name"],
                expires_at=form.expires_at(),
                scopes=form.cleaned_data["scopes"],
                allowed_networks=form.cleaned_data["allowed_networks"],
            ),
        )
    if made is None:
        return render(request, "console/keys.html", _context(request, subscription, form), status=422)
    key, secret = made
    context = _context(request, subscription, KeyForm())
    context |= {"made": key, "secret": secret, "call": _first_call(subscription, key, secret)}
    return render(request, "console/keys.html", context, status=201)


@require_POST
@subscription_page
def key_revoke(request: PortalRequest, subscription: Subscription, key_id: str) -> HttpResponse:
    key = services.revoke_key(actor=request.actor, key=get_key(subscription, public_id=key_id))
    messages.success(request, _("The key “%(name)s” is revoked: it stops working within seconds.") % {"name": key.name})
    return redirect("portal:subscription-keys", request.actor.organization.slug, subscription.public_id)


def _first_call(subscription: Subscription, key: ApiKey, secret: str) -> str:
    """A command that works as it stands; empty where the plan opens no endpoint to the key."""
    samples = first_call(subscription.product, subscription.plan, key=secret, scopes=key.scopes)
    return samples[0].code if samples else ""


def _state(key: ApiKey, now: dt.datetime) -> str:
    if key.is_revoked:
        return "key_revoked"
    return "key_expired" if key.expires_at is not None and key.expires_at <= now else "key_active"


def _context(request: PortalRequest, subscription: Subscription, form: KeyForm) -> dict[str, Any]:
    page = Paginator(list_keys(subscription), KEYS_PER_PAGE).get_page(request.GET.get("page"))
    now = clock.now()
    span = read_range({}, now)
    used = usage_by_key(Scope.of_subscription(subscription), span.start, span.end)
    calls = {one.api_key.pk: one.stats.calls for one in used if one.api_key}
    return {
        "subscription": subscription,
        "page": page,
        "span": span,
        "rows": [(key, _state(key, now), calls.get(key.pk, 0)) for key in page.object_list],
        "form": form,
        "may_manage": request.actor.may(Action.KEYS_MANAGE),
        "may_create": request.actor.may(Action.KEYS_MANAGE) and subscription.status != SubscriptionStatus.CANCELED,
    }
