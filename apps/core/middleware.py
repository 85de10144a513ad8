"""What every request passes first: it is counted, its scheme settled, and refused where nothing could read it."""

import time
from collections.abc import Callable
from email.message import Message

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from apps.core import request_metrics
from apps.core.peers import client_scheme

_FORM = "application/x-www-form-urlencoded"


class ForwardedSchemeMiddleware:
    """The scheme of a request as the gateway finds it too: `X-Forwarded-Proto` of the nearest trusted proxy.

    Django alone would take the first entry, which may come from the client, and would believe it without a proxy.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        scheme = request.META.get("wsgi.url_scheme", "http")
        said = request.META.get("HTTP_X_FORWARDED_PROTO", "")
        # `SECURE_PROXY_SSL_HEADER` names it: from here on it is ours.
        request.META["HTTP_X_FORWARDED_PROTO"] = client_scheme(scheme, said, trusted_hops=settings.TRUSTED_PROXY_HOPS)
        return self.get_response(request)


class RequestMetricsMiddleware:
    """Counts the request with its status and the time until its answer was made, for `/metrics`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self.get_response(request)
        request_metrics.count(request.method or "", response.status_code, time.perf_counter() - began)
        return response


class FormEncodingMiddleware:
    """Forms are UTF-8, as browsers send them; one that declares anything else is answered 400.

    Django refuses such a form where its fields are read: in the CSRF check, and again in that of every error
    page, so that no page would be left to say it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if _declares_another_encoding(request.META.get("CONTENT_TYPE", "")):
            return HttpResponse("Send forms in UTF-8.", status=400, content_type="text/plain; charset=utf-8")
        return self.get_response(request)


def _declares_another_encoding(content_type: str) -> bool:
    message = Message()
    message["Content-Type"] = content_type
    charset = message.get_param("charset")
    return message.get_content_type() == _FORM and charset is not None and str(charset).lower() not in ("utf-8", "utf8")
