"""The keys of a subscription. A secret is in the answer to the POST that made it and nowhere else.

Sent again, the POST makes no other.
"""

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
from apps.keys.selectors import find_signing_secret, get_key, list_keys
from apps.portal.access import PortalRequest
from apps.portal.console import signing_sample
from apps.portal.console.access import subscription_page
from apps.portal.console.forms import KeyChangeForm, KeyForm, RotateForm
from apps.portal.console.key_rows import key_rows
from apps.portal.forms import carried_out
from apps.portal.marketplace.documentation import first_call
from apps.portal.once import send_once
from apps.portal.rendering import render_page
from apps.portal.usage.context import usage_context
from apps.portal.usage.ranges import PRESET_CHOICES, read_range
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.usage.selectors import Scope

KEYS_PER_PAGE = 50
ENDPOINTS_SHOWN = 50


@require_safe
@never_cache
@subscription_page
def keys(request: PortalRequest, subscription: Subscription) -> HttpResponse:
    return render(request, "console/keys.html", _list(request, subscription))


@require_POST
@never_cache
@subscription_page
def key_create(request: PortalRequest, subscription: Subscription) -> HttpResponse:
    """The page of keys with the secret on it, this once; `never_cache` keeps it out of every cache."""
    form = KeyForm(request.POST)
    sent = None
    if form.is_valid():
        sent = carried_out(
            form,
            lambda: send_once(
                request,
                lambda: services.create_key(actor=request.actor, subscription=subscription, **form.values()),
            ),
        )
    if sent is None:
        return render(request, "console/keys.html", _list(request, subscription, form), status=422)
    if sent.made is None:
        text = _("The key “%(name)s” was made already; its secret was shown that once. If it is lost, rotate the key.")
        messages.info(request, text % {"name": sent.name})
        return redirect("portal:subscription-keys", request.actor.organization.slug, subscription.public_id)
    return _revealed(request, subscription, *sent.made)


@require_safe
@subscription_page
def key(request: PortalRequest, subscription: Subscription, key_id: str) -> HttpResponse:
    return _page(request, subscription, get_key(subscription, public_id=key_id))


@require_POST
@subscription_page
def key_change(request: PortalRequest, subscription: Subscription, key_id: str) -> HttpResponse:
    found = get_key(subscription, public_id=key_id)
    form = KeyChangeForm(request.POST)
    changed = None
    if form.is_valid():
        changed = carried_out(form, lambda: services.change_key(actor=request.actor, key=found, **form.cleaned_data))
    if changed is None:
        return _page(request, subscription, found, change=form)
    messages.success(request, _("The key “%(name)s” is saved.") % {"name": changed.name})
    return redirect("portal:key", request.actor.organization.slug, subscription.public_id, found.public_id)


@require_POST
@never_cache
@subscription_page
def key_rotate(request: PortalRequest, subscription: Subscription, key_id: str) -> HttpResponse:
    """The page of keys with the new secret on it, as after `key_create`."""
    found = get_key(subscription, public_id=key_id)
    form = RotateForm(request.POST)
    made = None
    if form.is_valid():
        made = carried_out(
            form, lambda: services.rotate_key(actor=request.actor, key=found, overlap=form.overlap_time())
        )
    if made is None:
        return _page(request, subscription, found, rotate=form)
    return _revealed(request, subscription, *made)


@require_POST
@never_cache
@subscription_page
def key_signing_secret(request: PortalRequest, subscription: Subscription, key_id: str) -> HttpResponse:
    """The page of the key with what its calls are signed with: on demand, and kept by no cache."""
    found = get_key(subscription, public_id=key_id)
    secret = services.reveal_signing_secret(actor=request.actor, key=found)
    return _page(request, subscription, found, signing_secret=secret)


@require_POST
@subscription_page
def key_revoke(request: PortalRequest, subscription: Subscription, key_id: str) -> HttpResponse:
    revoked = services.revoke_key(actor=request.actor, key=get_key(subscription, public_id=key_id))
    text = _("The key “%(name)s” is revoked: it stops working within seconds.")
    messages.success(request, text % {"name": revoked.name})
    return redirect("portal:subscription-keys", request.actor.organization.slug, subscription.public_id)


def _revealed(request: PortalRequest, subscription: Subscription, made: ApiKey, secret: str) -> HttpResponse:
    context = _list(request, subscription)
    signing_secret = find_signing_secret(made)
    context |= {
        "made": made,
        "secret": secret,
        "signing_secret": signing_secret,
        # A command with the key alone would be refused where calls are signed.
        "call": "" if signing_secret else _first_call(subscription, made, secret),
        "signing_sample": signing_sample.PYTHON,
    }
    return render(request, "console/keys.html", context, status=201)


def _first_call(subscription: Subscription, key: ApiKey, secret: str) -> str:
    """A command that works as it stands; empty where the plan opens no endpoint to the key."""
    samples = first_call(subscription.product, subscription.plan, key=secret, scopes=key.scopes)
    return samples[0].code if samples else ""


def _list(request: PortalRequest, subscription: Subscription, form: KeyForm | None = None) -> dict[str, Any]:
    page = Paginator(list_keys(subscription), KEYS_PER_PAGE).get_page(request.GET.get("page"))
    may_manage = request.actor.may(Action.KEYS_MANAGE)
    return {
        "tab": "keys",
        "subscription": subscription,
        "page": page,
        "rows": key_rows(subscription, page.object_list, clock.now()),
        "form": form or KeyForm(),
        "may_manage": may_manage,
        "may_create": may_manage and subscription.status != SubscriptionStatus.CANCELED,
    }


def _page(
    request: PortalRequest,
    subscription: Subscription,
    key: ApiKey,
    *,
    change: KeyChangeForm | None = None,
    rotate: RotateForm | None = None,
    signing_secret: str = "",
) -> HttpResponse:
    now = clock.now()
    span = read_range(request.GET, now)
    (row,) = key_rows(subscription, [key], now)
    scope = Scope.of_subscription(subscription).by(key)
    may_manage = request.actor.may(Action.KEYS_MANAGE)
    context = usage_context(scope, span, now, endpoints_shown=ENDPOINTS_SHOWN) | {
        "subscription": subscription,
        "presets": PRESET_CHOICES,
        "row": row,
        "tab": "keys",
        "change": change or KeyChangeForm(initial=_as_it_is(key)),
        "rotate": rotate or RotateForm(),
        "may_manage": may_manage,
        "signing_secret": signing_secret,
        "signing_sample": signing_sample.PYTHON,
        "may_rotate": may_manage and row.can_be_rotated and subscription.status != SubscriptionStatus.CANCELED,
    }
    status = 422 if change or rotate else 200
    return render_page(request, "console/key.html", context, fragment="usage", status=status)


def _as_it_is(key: ApiKey) -> dict[str, Any]:
    return {"name": key.name, "allowed_networks": "\n".join(key.allowed_networks)}
