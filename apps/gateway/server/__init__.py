"""The second transport: uvicorn's sockets, signals and stop, and calls straight from the parser to the engine.

Chosen with `--http apps.gateway.server:GatewayConnection`. The application itself (`apps.gateway.asgi`) serves the
same calls on any ASGI server, at several times the cost; both pass the same conformance tests (decision record 0022).
"""

from apps.gateway.server.connection import GatewayConnection

__all__ = ["GatewayConnection"]
