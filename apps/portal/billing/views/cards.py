"""The cards of an organization."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.permissions import Action
from apps.core.errors import Conflict
from apps.payments import services
from apps.payments.selectors import get_method, list_methods
from apps.portal.access import PortalRequest, organization_page
from apps.portal.billing.forms import CardForm
from apps.portal.billing.paying import saved_card, test_cards


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
    return {"methods": list(list_methods(request.actor)), "form": form, "test_cards": test_cards()}
