"""The one shape of every REST answer: `{"success", "data", "error", "meta": {"request_id"}}`.

The `meta` of a page of a list has `next_cursor`, too.
"""

import logging
import math
from typing import Any

import redis
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from django_ratelimit.exceptions import Ratelimited
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from apps.core.errors import DomainError
from apps.core.ids import random_base62

logger = logging.getLogger(__name__)


def new_request_id() -> str:
    return f"req_{random_base62(22)}"


class EnvelopeRenderer(JSONRenderer):
    """Wraps what a view returns; an error comes from `exception_handler` as `{"code", "message", "details"}`.

    The request id stands in `meta` and in the header `X-Request-Id`.
    """

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        response: Response = renderer_context["response"]
        request_id = new_request_id()
        response["X-Request-Id"] = request_id
        if response.status_code == 204:
            return b""
        failed = response.status_code >= 400
        meta = {"request_id": request_id}
        view = renderer_context.get("view")
        if not failed and hasattr(view, "next_cursor"):
            meta["next_cursor"] = view.next_cursor
        body = {
            "success": not failed,
            "data": None if failed else data,
            "error": data if failed else None,
            "meta": meta,
        }
        return bytes(super().render(body, accepted_media_type, renderer_context))


class BodyTooLarge(exceptions.APIException):
    status_code = 413
    default_code = "body_too_large"


class Unavailable(exceptions.APIException):
    status_code = 503
    default_code = "unavailable"


class TooManyRequests(exceptions.APIException):
    status_code = 429
    default_code = "rate_limited"
    wait = 60  # seconds, in `Retry-After`


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Turn every error into `{"code", "message", "details"}` with its status; one that nobody expected into 500."""
    if isinstance(error, DomainError):
        return _answer(error.status, error.code, error.message, error.details)
    known = _as_api_exception(error)
    if known is None:
        # As Django does it: whoever watches for crashes (error reporting, the test client) hears of it.
        got_request_exception.send(sender=exception_handler, request=context.get("request"))
        logger.error("REST request failed", exc_info=error)
        return _answer(500, "internal_error", _("Something went wrong on our side. Try again in a moment."), {})
    response = drf_exception_handler(known, context)
    assert response is not None  # it knows every APIException
    if isinstance(known, exceptions.ValidationError):
        # As for what the domain finds wrong (`apps.core.errors.Invalid`): the request is well formed.
        response.status_code = 422
        message, details = _("Some fields are not valid."), {"fields": response.data}
        response.data = {"code": "invalid", "message": message, "details": details}
    else:
        response.data = {"code": known.get_codes(), "message": str(known.detail), "details": {}}
    return response


def _as_api_exception(error: Exception) -> exceptions.APIException | None:
    """What the framework's, the database's and the limiter's errors are to the caller; None when unknown."""
    if isinstance(error, exceptions.Throttled):
        throttled = TooManyRequests(_("Too many requests. Wait a moment and try again."))
        throttled.wait = math.ceil(getattr(error, "wait", None) or 1)
        return throttled
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, Http404):
        return exceptions.NotFound(_("There is nothing at this address."))
    if isinstance(error, RequestDataTooBig):
        most = f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,}"
        return BodyTooLarge(_("The body is larger than %(most)s bytes.") % {"most": most})
    if isinstance(error, Ratelimited):
        return TooManyRequests(_("Too many requests from your network. Wait a minute and try again."))
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, OperationalError | InterfaceError | redis.RedisError):
        logger.error("a service that the REST API needs does not answer", exc_info=error)
        return Unavailable(_("A service behind this API does not answer. Try again in a moment."))
    return None


def _answer(status: int, code: str, message: str, details: dict[str, Any]) -> Response:
    return Response({"code": code, "message": message, "details": details}, status=status)
