"""What was earned in a month: page, CSV and PDF."""

from itertools import islice

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.payouts import selectors
from apps.payouts.exports import statement_csv
from apps.payouts.pdf import render_statement
from apps.payouts.selectors import Statement
from apps.portal.access import PortalRequest, organization_page

# On the page; the file has all of them.
LINES_SHOWN = 200


@require_safe
@organization_page
def index(request: PortalRequest) -> HttpResponse:
    return render(request, "payouts/statements.html", {"months": selectors.list_months(request.actor)})


@require_safe
@organization_page
def detail(request: PortalRequest, month: str, currency: str) -> HttpResponse:
    found = _statement(request, month, currency)
    every = selectors.statement_lines(found.organization, found.currency, found.start, found.end)
    lines = list(islice(every, LINES_SHOWN))
    context = {"statement": found, "lines": lines, "is_cut": len(lines) == LINES_SHOWN, "month": month}
    return render(request, "payouts/statement.html", context)


@require_safe
@organization_page
def pdf(request: PortalRequest, month: str, currency: str) -> HttpResponse:
    found = _statement(request, month, currency)
    return _file(render_statement(found), "application/pdf", f"statement-{month}-{found.currency}.pdf")


@require_safe
@organization_page
def csv_file(request: PortalRequest, month: str, currency: str) -> HttpResponse:
    found = _statement(request, month, currency)
    lines = selectors.statement_lines(found.organization, found.currency, found.start, found.end)
    return _file(
        statement_csv(found, lines).encode(), "text/csv; charset=utf-8", f"statement-{month}-{found.currency}.csv"
    )


def _statement(request: PortalRequest, month: str, currency: str) -> Statement:
    return selectors.get_statement(request.actor, month=month, currency=currency.upper())


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
