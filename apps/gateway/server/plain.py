"""What the application serves itself (health, metrics), as a plain ASGI request without a body."""

import asyncio
from typing import Any
from urllib.parse import unquote

from apps.gateway.server.call import ServerCall


async def serve_plain(application: Any, call: ServerCall, *, peer: str, scheme: str) -> None:
    path, _, query = call.target.partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": call.http_version,
        "method": call.method,
        "scheme": scheme,
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": call.headers,
        "client": (peer, 0) if peer else None,
        "server": None,
    }
    pending = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if pending:
            return pending.pop()
        await asyncio.get_running_loop().create_future()  # until the call is over
        raise AssertionError("nobody completes this")

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            await call.start(message["status"], list(message["headers"]))
        elif message.get("more_body", False):
            await call.write(message["body"])
        else:
            await call.finish(message.get("body", b""))

    await application(scope, receive, send)
