"""How a view answers: with its page, with one part of it where a script asked for only that, or with a document."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any], *, fragment: str = "", status: int = 200
) -> HttpResponse:
    """Render the template, or its partial `fragment` when htmx asks for the element of that id."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined] # set by HtmxMiddleware
    wanted = bool(fragment) and bool(htmx) and not htmx.history_restore_request and htmx.target == fragment
    response = render(request, f"{template}#{fragment}" if wanted else template, context, status=status)
    if fragment:
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def pdf_download(content: bytes, name: str) -> HttpResponse:
    """A PDF that is saved as `<name>.pdf`."""
    disposition = f'attachment; filename="{name}.pdf"'
    return HttpResponse(content, content_type="application/pdf", headers={"Content-Disposition": disposition})
