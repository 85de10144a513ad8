"""The ASGI application of the gateway process: Django's URLconf, requests and views, and nothing around them.

Django's own handler reads the whole body first, sends signals and closes responses through threads, and
knows headers only as a dictionary. This one streams both ways, keeps every header line, and costs a fraction
of it (decision record 0005). Views here must not use the ORM outside `OrmDirectory.in_thread`.
"""

import io
import logging
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.urls import get_resolver

from apps.gateway.connection import AsgiClient, Receive, Send
from apps.gateway.responses import RelayedResponse
from apps.gateway.runtime import Runtime
from apps.usage.counters.spool import SpoolUnusable

logger = logging.getLogger(__name__)


class GatewayHttpRequest(ASGIRequest):
    """A request whose body is not read yet: `client` streams it."""

    def __init__(self, scope: dict[str, Any], client: AsgiClient, runtime: Runtime) -> None:
        super().__init__(scope, body_file=io.BytesIO())
        self.client = client
        self.runtime = runtime


class GatewayHandler:
    """An ASGI 3 application: lifespan and http."""

    def __init__(self, *, urlconf: str, runtime: Runtime) -> None:
        self._resolver = get_resolver(urlconf)
        self._runtime = runtime

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        else:
            raise ValueError(f"the gateway does not serve {scope['type']} (run uvicorn with --ws none)")

    async def _serve(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        idle_seconds = self._runtime.config.client_idle_seconds
        client = AsgiClient(scope["headers"], receive, send, idle_seconds=idle_seconds)
        try:
            response = await self._response(scope, client)
            if isinstance(response, RelayedResponse):
                await response.relay()
            elif isinstance(response, HttpResponse):
                await client.start(response.status_code, _headers(response))
                await client.finish(response.content)
        finally:
            await client.close()

    async def _response(self, scope: dict[str, Any], client: AsgiClient) -> HttpResponseBase:
        try:
            request = GatewayHttpRequest(scope, client, self._runtime)
        except UnicodeDecodeError:
            return HttpResponseBadRequest("The request target is not ASCII.", content_type="text/plain")
        # `OPTIONS *` has no slash, and is refused by the view.
        view, args, kwargs = self._resolver.resolve("/" + request.path_info.removeprefix("/"))
        response: HttpResponseBase = await view(request, *args, **kwargs)
        return response

    async def _live(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        # A protocol of our own finds it there (`apps.gateway.server`).
        scope.get("state", {})["runtime"] = self._runtime
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._runtime.start()
                except Exception as error:
                    # What an operator has to mend needs no traceback.
                    is_known = isinstance(error, SpoolUnusable)
                    logger.error("the gateway cannot start: %s", error, exc_info=not is_known)
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._runtime.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _headers(response: HttpResponse) -> list[tuple[bytes, bytes]]:
    headers = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    return [*headers, (b"content-length", b"%d" % len(response.content))]
