"""The members of an organization: who they are, what they may do, who is invited."""

from dataclasses import asdict

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import Membership
from apps.accounts.permissions import Action
from apps.accounts.selectors import get_member, list_invitations, list_members
from apps.accounts.services import change_role, invite_member, remove_member
from apps.core.errors import Invalid
from apps.portal.access import PortalRequest, organization_page
from apps.portal.forms import carried_out
from apps.portal.team.forms import InvitationForm, RoleForm
from apps.portal.team.roles import role_choices
from apps.portal.team.standing import standing


@require_http_methods(["GET", "HEAD", "POST"])
@organization_page
def index(request: PortalRequest) -> HttpResponse:
    """The list; a POST invites somebody."""
    actor = request.actor
    form = InvitationForm(request.POST if request.method == "POST" else None, actor=actor)
    if request.method == "POST":
        actor.require(Action.MEMBERS_MANAGE)
        if form.is_valid():
            invited = carried_out(form, lambda: invite_member(actor=actor, **form.cleaned_data))
            if invited is not None:
                joined = isinstance(invited, Membership)
                text = _("%(email)s is a member now.") if joined else _("Invited %(email)s.")
                messages.success(request, text % {"email": form.cleaned_data["email"]})
                return redirect("portal:members", actor.organization.slug)
    context = {"form": form, "members": list(list_members(actor)), "invitations": list_invitations(actor)}
    return render(request, "team/members.html", context, status=422 if form.errors else 200)


@require_safe
@organization_page
def detail(request: PortalRequest, member_id: int) -> HttpResponse:
    """One member: their role, with what each role is for, and the way out."""
    member = get_member(request.actor, member_id=member_id)
    context = {"member": member, "roles": role_choices(request.actor), **asdict(standing(request.actor, member))}
    return render(request, "team/member.html", context)


@require_POST
@organization_page
def change(request: PortalRequest, member_id: int) -> HttpResponse:
    """Give a member another role."""
    actor = request.actor
    member = get_member(actor, member_id=member_id)
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Choose one of the roles."), field="role")
    membership = change_role(actor=actor, member_id=member.pk, role=form.cleaned_data["role"])
    messages.success(
        request,
        _("%(name)s is now %(role)s.") % {"name": member.user.display_name, "role": membership.get_role_display()},
    )
    return redirect("portal:members", actor.organization.slug)


@require_POST
@organization_page
def remove(request: PortalRequest, member_id: int) -> HttpResponse:
    """Remove a member, or leave: who leaves goes home, since the page is not theirs any more."""
    actor = request.actor
    member = get_member(actor, member_id=member_id)
    remove_member(actor=actor, member_id=member.pk)
    if member.user_id == request.user.pk:
        messages.success(request, _("You left %(organization)s.") % {"organization": actor.organization.name})
        return redirect("portal:home")
    messages.success(request, _("Removed %(name)s.") % {"name": member.user.display_name})
    return redirect("portal:members", actor.organization.slug)
