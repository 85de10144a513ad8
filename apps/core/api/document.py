"""The OpenAPI document of the REST API, and two pages that show it. Everything they need is served from here."""

import json
from functools import cache

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator


@cache
def _document() -> bytes:
    """Made once in a process: it follows from the code alone."""
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return json.dumps(document, separators=(",", ":")).encode()


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_document(), content_type="application/json")


@require_safe
def swagger_ui(request: HttpRequest) -> HttpResponse:
    return render(request, "rest/swagger_ui.html")


# Redoc writes its styles into the page; scripts stay ours alone.
@csp_update({"style-src": [UNSAFE_INLINE]})
@require_safe
def redoc(request: HttpRequest) -> HttpResponse:
    return render(request, "rest/redoc.html")
