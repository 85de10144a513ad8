"""An organization itself: making one, renaming it."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.enums import Role
from apps.accounts.models import User
from apps.accounts.permissions import Action
from apps.accounts.services import create_organization, rename_organization
from apps.portal.access import PortalRequest, organization_page, signed_in
from apps.portal.forms import carried_out
from apps.portal.rendering import render_page
from apps.portal.team.forms import OrganizationForm, RenameForm


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def create(request: HttpRequest) -> HttpResponse:
    """A further organization, whose owner is the person who makes it."""
    typed = {name: request.GET.get(name, "") for name in ("name", "slug")}
    form = OrganizationForm(request.POST if request.method == "POST" else None, initial=typed)
    if form.is_valid():
        user = cast(User, request.user)
        organization = carried_out(form, lambda: create_organization(user=user, **form.cleaned_data))
        if organization is not None:
            messages.success(request, _("Created %(name)s.") % {"name": organization.name})
            return redirect("portal:members", organization.slug)
    return render_page(
        request, "team/organization_new.html", {"form": form}, fragment="slug-field", status=422 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
@organization_page
def settings(request: PortalRequest) -> HttpResponse:
    """What the organization is called, and the address and id that it keeps."""
    actor = request.actor
    initial = {"name": actor.organization.name}
    form = RenameForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST":
        actor.require(Action.ORGANIZATION_MANAGE)
        if form.is_valid():
            renamed = carried_out(form, lambda: rename_organization(actor=actor, **form.cleaned_data))
            if renamed is not None:
                messages.success(request, _("The organization is now called %(name)s.") % {"name": renamed.name})
                return redirect("portal:settings", actor.organization.slug)
    context = {"form": form, "role": Role(actor.role).label}
    return render(request, "team/settings.html", context, status=422 if form.errors else 200)
