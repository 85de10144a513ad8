"""Who an organization is on its invoices."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.permissions import Action
from apps.billing import services
from apps.billing.selectors import find_profile
from apps.portal.access import PortalRequest, organization_page
from apps.portal.billing.forms import ProfileForm
from apps.portal.forms import carried_out


@require_http_methods(["GET", "HEAD", "POST"])
@organization_page
def profile(request: PortalRequest) -> HttpResponse:
    actor = request.actor
    actor.require(Action.BILLING_MANAGE if request.method == "POST" else Action.BILLING_VIEW)
    found = find_profile(actor.organization)
    form = ProfileForm(
        request.POST if request.method == "POST" else None, initial=ProfileForm.initial_of(found) if found else None
    )
    saved = (
        carried_out(form, lambda: services.save_profile(actor=actor, **form.cleaned_data)) if form.is_valid() else None
    )
    if saved is not None:
        messages.success(request, _("Saved. Invoices that are issued from now on say so."))
        return redirect("portal:billing-profile", actor.organization.slug)
    context = {"form": form, "may_edit": actor.may(Action.BILLING_MANAGE)}
    return render(request, "billing/profile.html", context, status=422 if form.errors else 200)
