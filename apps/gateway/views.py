"""What the gateway process serves: every call of every product, and its own health."""

import asyncio
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import View

from apps.core.health import redis_answers
from apps.core.metrics import CONTENT_TYPE, may_read_metrics
from apps.gateway.asgi import GatewayHttpRequest
from apps.gateway.engine.messages.request import GatewayRequest
from apps.gateway.http_protocol import TARGET_EXTENSION
from apps.gateway.metrics import exposition
from apps.gateway.requests import gateway_request
from apps.gateway.responses import RelayedResponse
from apps.gateway.standing import standing_of


class ProxyView(View):
    """Any method of any path: the engine decides, forwards and answers."""

    view_is_async = True

    async def dispatch(  # type: ignore[override]  # an async view returns a coroutine
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> RelayedResponse:
        assert isinstance(request, GatewayHttpRequest)
        engine, parsed = request.runtime.engine, _gateway_request(request)
        return RelayedResponse(lambda: engine.handle(parsed))


async def healthz(request: GatewayHttpRequest) -> JsonResponse:
    """200 while some calls can be served, with what is `away`; else 503. With `?live`, 200 while the process answers.

    A process that is told to stop takes no connections any more, so that no probe gets an answer.
    """
    if "live" in request.GET:
        return JsonResponse({"status": "ok", "live": True})
    # Postgres is asked every two seconds in any case, and one that hangs would keep the probe waiting.
    checks = {"postgres": request.runtime.directory.is_reading, "redis": await asyncio.to_thread(redis_answers)}
    standing = standing_of(request.runtime, checks)
    body = {
        "status": standing.status,
        "live": True,
        "ready": standing.can_serve,
        "away": standing.away,
        "checks": standing.parts,
    }
    return JsonResponse(body, status=200 if standing.can_serve else 503)


async def metrics(request: GatewayHttpRequest) -> HttpResponse:
    """This process, for Prometheus: for who sends `METRICS_TOKEN`, or without one for programs on this machine."""
    if not may_read_metrics(request):
        return HttpResponse(status=404)
    return HttpResponse(exposition(request.runtime), content_type=CONTENT_TYPE)


def _gateway_request(request: GatewayHttpRequest) -> GatewayRequest:
    scope = request.scope
    return gateway_request(
        method=scope["method"],
        target=_target(scope),
        headers=list(scope["headers"]),
        peer=scope["client"][0] if scope.get("client") else "",
        scheme=scope["scheme"],
        http_version=scope["http_version"],
        client=request.client,
        trusted_proxy_hops=request.runtime.trusted_proxy_hops,
    )


def _target(scope: Mapping[str, Any]) -> bytes:
    """The target as it stood in the request line, where the server tells; else put together again."""
    raw: bytes | None = scope.get("extensions", {}).get(TARGET_EXTENSION, {}).get("raw")
    if raw is not None:
        return raw
    path: bytes = scope["raw_path"]
    return path + b"?" + scope["query_string"] if scope["query_string"] else path
