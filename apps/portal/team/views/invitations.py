from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.accounts.services import withdraw_invitation
from apps.portal.access import PortalRequest, organization_page


@require_POST
@organization_page
def withdraw(request: PortalRequest, invitation_id: int) -> HttpResponse:
    """Take an invitation back: its link leads nowhere any more."""
    withdraw_invitation(actor=request.actor, invitation_id=invitation_id)
    messages.success(request, _("The invitation is withdrawn."))
    return redirect("portal:members", request.actor.organization.slug)
