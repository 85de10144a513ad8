"""The cards of an organization."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.permissions import Action
from apps.core.errors import Conflict, NotFound
from apps.payments import services
from apps.payments.errors import ProviderUnavailable
from apps.payments.selectors import get_method, list_methods
from apps.portal.access import PortalRequest, organization_page
from apps.portal.billing.forms import CardForm
from apps.portal.billing.paying import is_hosted, saved_card, test_cards
from apps.portal.links import is_own_path, return_path


@require_safe
@organization_page
def cards(request: PortalRequest) -> HttpResponse:
    return render(request, "billing/cards.html", _context(request, CardForm()))


@sensitive_post_parameters("number", "cvc")
@require_POST
@organization_page
def add(request: PortalRequest) -> HttpResponse:
    request.actor.require(Action.BILLING_MANAGE)
    form = CardForm(request.POST)
    method = saved_card(request.actor, form) if form.is_valid() else None
    if method is None:
        return render(request, "billing/cards.html", _context(request, form), status=422)
    messages.success(request, _("The card %(card)s is saved.") % {"card": method})
    return redirect("portal:cards", request.actor.organization.slug)


@require_POST
@organization_page
def start_hosted(request: PortalRequest) -> HttpResponse:
    """Go to the provider's page, and come back from it to the page that the form was sent from."""
    back = return_path(request)
    saved = reverse("portal:card-saved", args=[request.actor.organization.slug])
    try:
        page = services.start_hosted_card(
            actor=request.actor,
            return_url=f"{settings.WEB_URL}{saved}?{urlencode({'back': back})}",
            cancel_url=f"{settings.WEB_URL}{back}",
        )
    except ProviderUnavailable:
        messages.error(request, _("The payment provider does not answer. Nothing was saved; try again in a minute."))
        return redirect(back)
    return redirect(page)


@require_safe
@organization_page
def saved(request: PortalRequest) -> HttpResponse:
    """Where the provider's page leads to. Opened again, it saves nothing anew."""
    request.actor.require(Action.BILLING_MANAGE)
    back = request.GET.get("back", "")
    try:
        method = services.save_hosted_card(actor=request.actor, reference=request.GET.get("session", ""))
    except ProviderUnavailable:
        messages.info(request, _("The payment provider does not answer. The card appears here once it does."))
    except NotFound:
        messages.info(request, _("No card was saved."))
    else:
        messages.success(request, _("The card %(card)s is saved.") % {"card": method})
    return redirect(back if is_own_path(back) else reverse("portal:cards", args=[request.actor.organization.slug]))


@require_POST
@organization_page
def default(request: PortalRequest, method_id: str) -> HttpResponse:
    method = get_method(request.actor, public_id=method_id)
    services.make_default(actor=request.actor, method=method)
    messages.success(request, _("Renewals are charged to %(card)s from now on.") % {"card": method})
    return redirect("portal:cards", request.actor.organization.slug)


@require_POST
@organization_page
def remove(request: PortalRequest, method_id: str) -> HttpResponse:
    method = get_method(request.actor, public_id=method_id)
    try:
        services.remove_method(actor=request.actor, method=method)
    except Conflict as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The card %(card)s is removed.") % {"card": method})
    return redirect("portal:cards", request.actor.organization.slug)


def _context(request: PortalRequest, form: CardForm) -> dict[str, Any]:
    return {
        "methods": list(list_methods(request.actor)),
        "form": form,
        "test_cards": test_cards(),
        "is_hosted": is_hosted(),
    }
