"""The engine's view of a request, whichever transport read it: the raw target and header lines, and who called."""

import time
from collections.abc import Iterable

from apps.core.peers import client_address, client_scheme
from apps.gateway.engine.messages.headers import values_of
from apps.gateway.engine.messages.request import Client, GatewayRequest, Header


def gateway_request(
    *,
    method: str,
    target: bytes,
    headers: list[Header],
    peer: str,
    scheme: str,
    http_version: str,
    client: Client,
    trusted_proxy_hops: int,
) -> GatewayRequest:
    """`peer` and `scheme` are those of the connection; proxies are believed as far as `trusted_proxy_hops` says."""
    hops = trusted_proxy_hops
    return GatewayRequest(
        method=method,
        target=target,
        headers=headers,
        client_ip=client_address(peer, _joined(headers, b"x-forwarded-for") if hops else "", trusted_hops=hops),
        scheme=client_scheme(scheme, _joined(headers, b"x-forwarded-proto") if hops else "", trusted_hops=hops),
        http_version=http_version,
        started_at=time.perf_counter(),
        client=client,
    )


def _joined(headers: Iterable[Header], name: bytes) -> str:
    """All lines of this header as one."""
    return b",".join(values_of(headers, name)).decode("latin-1")
