"""The audit log of an organization: who did what to which object, and when."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.selectors import list_audit_events
from apps.portal.access import PortalRequest, organization_page
from apps.portal.keyset import keyset_page

PAGE_SIZE = 50


@require_safe
@organization_page
def index(request: PortalRequest) -> HttpResponse:
    page = keyset_page(list_audit_events(request.actor), request.GET, time_field="occurred_at", size=PAGE_SIZE)
    return render(request, "team/audit.html", {"page": page})
