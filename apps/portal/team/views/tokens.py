"""Access tokens of the REST API. The secret is in the answer to the POST that made it and nowhere else.

Sent again, the POST makes no other.
"""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts import services
from apps.accounts.models import AccessToken
from apps.accounts.permissions import Action
from apps.accounts.selectors import get_access_token, list_access_tokens
from apps.core import clock
from apps.portal.access import PortalRequest, organization_page
from apps.portal.forms import carried_out
from apps.portal.once import send_once
from apps.portal.team.forms import AccessTokenForm

PAGE_SIZE = 50


@require_safe
@never_cache
@organization_page
def index(request: PortalRequest) -> HttpResponse:
    return render(request, "team/tokens.html", _context(request, AccessTokenForm()))


@require_POST
@never_cache
@organization_page
def create(request: PortalRequest) -> HttpResponse:
    """The page of tokens with the secret on it, this once; `never_cache` keeps it out of every cache."""
    form, sent = AccessTokenForm(request.POST), None
    if form.is_valid():
        sent = carried_out(form, lambda: send_once(request, lambda: _create(request, form)))
    if sent is None:
        return render(request, "team/tokens.html", _context(request, form), status=422)
    if sent.made is None:
        text = _("The token “%(name)s” was made already; its secret was shown that once. If it is lost, make another.")
        messages.info(request, text % {"name": sent.name})
        return redirect("portal:tokens", request.actor.organization.slug)
    token, secret = sent.made
    context = _context(request, AccessTokenForm()) | {"made": token, "secret": secret}
    return render(request, "team/tokens.html", context, status=201)


@require_POST
@organization_page
def revoke(request: PortalRequest, token_id: str) -> HttpResponse:
    token = services.revoke_access_token(actor=request.actor, token=get_access_token(request.actor, public_id=token_id))
    messages.success(request, _("The token “%(name)s” is revoked: it has stopped working.") % {"name": token.name})
    return redirect("portal:tokens", request.actor.organization.slug)


def _create(request: PortalRequest, form: AccessTokenForm) -> tuple[AccessToken, str]:
    return services.create_access_token(
        actor=request.actor,
        name=form.cleaned_data["name"],
        scopes=form.cleaned_data["scopes"],
        expires_at=form.expires_at(),
    )


def _state(token: AccessToken, now: dt.datetime) -> str:
    if token.revoked_at is not None:
        return "key_revoked"
    return "key_expired" if token.expires_at is not None and token.expires_at <= now else "key_active"


def _may_revoke(request: PortalRequest, token: AccessToken) -> bool:
    """As `revoke_access_token` has it: one's own, or everybody's for who manages members."""
    is_own = token.user_id == request.actor.user.pk
    return token.revoked_at is None and request.actor.may(Action.TOKENS_MANAGE if is_own else Action.MEMBERS_MANAGE)


def _context(request: PortalRequest, form: AccessTokenForm) -> dict[str, Any]:
    page = Paginator(list_access_tokens(request.actor), PAGE_SIZE).get_page(request.GET.get("page"))
    now = clock.now()
    return {
        "page": page,
        "rows": [(token, _state(token, now), _may_revoke(request, token)) for token in page.object_list],
        "form": form,
    }
