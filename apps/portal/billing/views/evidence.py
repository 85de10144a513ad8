"""What a line of an invoice is evidenced by, the cases about it, and a month over all products."""

import csv
import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.permissions import Action
from apps.billing import services
from apps.billing.enums import CaseStatus
from apps.billing.evidence import evidence_of, list_upcoming, month_of
from apps.billing.models import InvoiceLine, UsageCase
from apps.billing.selectors import get_line, get_own_case, list_cases_of
from apps.billing.services.cases import CASE_LIFETIME, creditable
from apps.core import clock
from apps.portal.access import PortalRequest, organization_page
from apps.portal.billing.forms import CaseForm
from apps.portal.forms import carried_out


@require_http_methods(["GET", "HEAD", "POST"])
@organization_page
def line(request: PortalRequest, invoice_id: str, position: int) -> HttpResponse:
    """The days behind a line; posted to, its calls are disputed."""
    found = get_line(request.actor, invoice_id=invoice_id, position=position)
    left = creditable(found)
    form = CaseForm(request.POST if request.method == "POST" else None, currency=found.invoice.currency, left=left)
    if request.method == "POST":
        request.actor.require(Action.BILLING_MANAGE)
        if form.is_valid() and _opened(request, found, form) is not None:
            messages.success(request, _("The creator is told. You hear of the answer."))
            return redirect("portal:invoice-line", request.actor.organization.slug, invoice_id, position)
    return render(
        request, "billing/line.html", _context(found, position, form, left), status=422 if form.errors else 200
    )


@require_safe
@organization_page
def line_csv(request: PortalRequest, invoice_id: str, position: int) -> HttpResponse:
    """The units of each day (UTC) behind a line."""
    found = get_line(request.actor, invoice_id=invoice_id, position=position)
    name = f"{found.invoice.number}-{position}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
    writer = csv.writer(response)
    writer.writerow(["day", "units"])
    evidence = evidence_of(found)
    writer.writerows((day.isoformat(), units) for day, units in (evidence.days if evidence else []))
    return response


@require_POST
@organization_page
def withdraw(request: PortalRequest, case_id: str) -> HttpResponse:
    case = get_own_case(request.actor, public_id=case_id)
    services.withdraw_case(actor=request.actor, case=case)
    messages.success(request, _("The case is withdrawn."))
    return redirect("portal:invoice", request.actor.organization.slug, case.line.invoice.public_id)


@require_safe
@organization_page
def month(request: PortalRequest) -> HttpResponse:
    """`?month=2026-11`, else the running one (UTC): everything over all products, and what comes next."""
    running = clock.now().astimezone(dt.UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    start = _first_of(request.GET.get("month", ""), running)
    found = month_of(request.actor, start)
    upcoming = list_upcoming(request.actor) if start == running else []
    context = {
        "month": found,
        "previous": start - dt.timedelta(days=1),
        "next": found.end if found.end <= running else None,
        "upcoming": upcoming,
        "is_tax_known": all(one.tax_amount is not None for one in upcoming),
        "is_untaxed": all(one.tax_amount == 0 for one in upcoming),
        "is_running": start == running,
    }
    return render(request, "billing/month.html", context)


def _opened(request: PortalRequest, found: InvoiceLine, form: CaseForm) -> UsageCase | None:
    return carried_out(form, lambda: services.open_case(actor=request.actor, line=found, **form.values()))


def _first_of(text: str, running: dt.datetime) -> dt.datetime:
    """The first instant of the month that the address names; the running one where it names none that has begun."""
    try:
        day = parse_date(f"{text}-01")
    except ValueError:
        day = None
    if day is None or day.year < 2000:
        return running
    return min(dt.datetime.combine(day, dt.time(), dt.UTC), running)


def _context(found: InvoiceLine, position: int, form: CaseForm, left: int) -> dict[str, Any]:
    cases, invoice = list(list_cases_of(found)), found.invoice
    evidence = evidence_of(found)
    in_time = invoice.issued_at is not None and clock.now() < invoice.issued_at + CASE_LIFETIME
    is_open = any(case.status == CaseStatus.OPEN for case in cases)
    return {
        "invoice": invoice,
        "line": found,
        "position": position,
        "evidence": evidence,
        "cases": cases,
        "form": form,
        "may_dispute": evidence is not None and invoice.status != "void" and in_time and not is_open and left > 0,
        "disputed_until": invoice.issued_at + CASE_LIFETIME if invoice.issued_at else None,
    }
