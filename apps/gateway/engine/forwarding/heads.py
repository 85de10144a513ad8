"""The request as the backend gets it, and the head of its answer as the client does."""

import time
from collections.abc import AsyncIterator
from functools import lru_cache
from urllib.parse import urlsplit

from apps.gateway.engine.call import Admitted, Call
from apps.gateway.engine.config import EngineConfig
from apps.gateway.engine.forwarding.websocket import HANDSHAKE
from apps.gateway.engine.messages.answer_heads import AnswerHead
from apps.gateway.engine.messages.headers import to_backend
from apps.gateway.engine.messages.locations import Addresses, rewrite_locations
from apps.gateway.engine.messages.request import Header
from apps.gateway.engine.ports import UpstreamRequest
from apps.gateway.engine.signing.backend_signature import signature

_WITHOUT_BODY = frozenset({101, 204, 304})


def upstream_request(
    call: Call, admitted: Admitted, body: AsyncIterator[bytes] | None, config: EngineConfig
) -> UpstreamRequest:
    """What the client sent, without its key and what ends at this hop, and with what the gateway vouches for."""
    product, request = admitted.product, call.request
    path_and_query = admitted.upstream_path + (f"?{admitted.query.decode('ascii')}" if admitted.query else "")
    known = call.head.credentials
    if known is not None and admitted.headers is known.headers:
        headers = call.head.to_backend.copy()
    else:
        headers = to_backend(
            admitted.headers, reserved_cookies=config.reserved_cookies, rapidapi=product.rapidapi_compatible
        )
    if call.body_length:
        headers.append((b"content-length", b"%d" % call.body_length))
    headers += _vouched_for(request.http_version, config.pseudonym, request.client_ip, call.authority, request.scheme)
    headers += _gateway_headers(call, admitted, path_and_query)
    if call.is_websocket:
        headers += HANDSHAKE
    return UpstreamRequest(
        product_id=product.id,
        method=request.method,
        base=admitted.upstream_url,
        path=path_and_query,
        headers=headers,
        body=body,
        timeouts=product.timeouts,
        is_chunked=call.body_length is None,
        may_change=call.is_websocket,
    )


def headers_for_client(
    call: Call, admitted: Admitted, status: int, told: AnswerHead, config: EngineConfig
) -> list[Header]:
    """What of the backend's head passes, with its addresses below the gateway."""
    headers = told.for_client(
        own_host=call.host if call.has_own_host else "",
        reserved_cookies=config.reserved_cookies,
        has_length=status not in _WITHOUT_BODY,
    )
    if told.names.has_locations:
        public = f"{call.request.scheme}://{call.authority}" if call.authority else ""
        public = public if call.has_own_host else f"{public}/{admitted.product.slug}"
        headers = rewrite_locations(headers, Addresses(admitted.upstream_url, public))
    return headers


@lru_cache(maxsize=1024)
def _vouched_for(http_version: str, pseudonym: str, client_ip: str, authority: str, scheme: str) -> list[Header]:
    """What the gateway knows of the caller: the same for all its calls."""
    address = client_ip.encode("latin-1")
    return [
        (b"via", f"{http_version} {pseudonym}".encode("latin-1")),
        (b"x-forwarded-for", address),
        (b"x-forwarded-host", authority.encode("latin-1")),
        (b"x-forwarded-proto", scheme.encode("latin-1")),
        (b"x-real-ip", address),
    ]


def _gateway_headers(call: Call, admitted: Admitted, path_and_query: str) -> list[Header]:
    product, entitlement = admitted.product, admitted.key.entitlement
    signed = signature(
        secret=product.proxy_secret,
        next_secret=product.next_proxy_secret,
        timestamp=int(time.time()),
        method=call.request.method,
        path_and_query=_path_of(admitted.upstream_url) + path_and_query,
        request_id=call.request_id,
    )
    return [
        *_standing_headers(
            product.proxy_secret, entitlement.consumer, entitlement.plan_slug, rapidapi=product.rapidapi_compatible
        ),
        (b"x-apifactory-request-id", call.request_id.encode("latin-1")),
        (b"x-apifactory-signature", signed.encode("latin-1")),
    ]


@lru_cache(maxsize=4096)
def _path_of(url: str) -> str:
    return urlsplit(url).path


@lru_cache(maxsize=4096)
def _standing_headers(proxy_secret: str, consumer: str, plan_slug: str, *, rapidapi: bool) -> list[Header]:
    """The same for every call of a subscription."""
    secret, user, plan = proxy_secret.encode("latin-1"), consumer.encode("latin-1"), plan_slug.encode("latin-1")
    headers = [
        (b"x-apifactory-proxy-secret", secret),
        (b"x-apifactory-consumer", user),
        (b"x-apifactory-plan", plan),
    ]
    if rapidapi:
        headers += [
            (b"x-rapidapi-proxy-secret", secret),
            (b"x-rapidapi-user", user),
            (b"x-rapidapi-subscription", plan.upper()),
        ]
    return headers
