"""The one shape of every REST answer: `{"success", "data", "error", "meta": {"request_id"}}`."""

from typing import Any

from django.http import Http404
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from apps.core.errors import DomainError
from apps.core.ids import random_base62


def new_request_id() -> str:
    return f"req_{random_base62(22)}"


class EnvelopeRenderer(JSONRenderer):
    """Wraps what a view returns; an error comes from `exception_handler` as `{"code", "message", "details"}`."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        response: Response | None = (renderer_context or {}).get("response")
        failed = response is not None and response.status_code >= 400
        body = {
            "success": not failed,
            "data": None if failed else data,
            "error": data if failed else None,
            "meta": {"request_id": new_request_id()},
        }
        return bytes(super().render(body, accepted_media_type, renderer_context))


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn domain and framework errors into `{"code", "message", "details"}` with their status."""
    if isinstance(error, DomainError):
        body = {"code": error.code, "message": error.message, "details": error.details}
        return Response(body, status=error.status)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    response = drf_exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        response.data = {"code": "invalid", "message": "Some fields are not valid.", "details": response.data}
    else:
        assert isinstance(error, exceptions.APIException)
        response.data = {"code": error.default_code, "message": str(error.detail), "details": {}}
    return response
