"""The heads of answers: what every reply of the gateway carries, and whole answers of its own."""

import time
from collections.abc import Sequence
from email.utils import formatdate
from functools import lru_cache
from typing import Protocol

from apps.gateway.engine.admission.routes import Endpoint
from apps.gateway.engine.call import Call
from apps.gateway.engine.config import EngineConfig
from apps.gateway.engine.entities import ProductEntry
from apps.gateway.engine.messages.cors import cors_headers
from apps.gateway.engine.messages.problems import PROBLEM_HEADERS, Rejected, problem_body
from apps.gateway.engine.messages.request import Header


class AnswerWatch(Protocol):
    """Sees the answer of a call that is written down."""

    def answer_head(self, status: int, headers: list[Header]) -> None: ...

    def answer_piece(self, piece: bytes) -> None: ...


def completed_head(
    call: Call, headers: list[Header], config: EngineConfig, *, origin_seconds: float = 0.0, has_date: bool = False
) -> list[Header]:
    """The headers with those of every reply: request id, timing, Via, Date (unless it `has_date`), what CORS wants."""
    total = time.perf_counter() - call.request.started_at
    added = standing_headers(
        call.request_id,
        config.pseudonym,
        gateway_seconds=max(0.0, total - origin_seconds),
        origin_seconds=origin_seconds,
    )
    if has_date:
        added.pop()
    if b"origin" in call.head.names:
        added += cors_headers(call.request.headers, headers)
    return headers + added


def standing_headers(
    request_id: str, pseudonym: str, *, gateway_seconds: float = 0.0, origin_seconds: float = 0.0
) -> list[Header]:
    """What every reply has, also one to a request that could not be read: request id, timing, Via, and at last Date."""
    return [
        (b"x-request-id", request_id.encode("ascii")),
        (b"server-timing", b"gw;dur=%.2f, origin;dur=%.2f" % (gateway_seconds * 1000, origin_seconds * 1000)),
        (b"via", _via(pseudonym)),
        (b"date", _http_date(int(time.time()))),
    ]


@lru_cache(maxsize=4)
def _via(pseudonym: str) -> bytes:
    return f"1.1 {pseudonym}".encode("latin-1")


async def send_problem(
    call: Call,
    rejected: Rejected,
    config: EngineConfig,
    *,
    limits: Sequence[Header] = (),
    origin_seconds: float = 0.0,
    watch: AnswerWatch | None = None,
) -> int:
    """Answer with a problem document; returns the bytes of its body."""
    body = problem_body(rejected, call.event_id)
    headers = [*PROBLEM_HEADERS, (b"content-length", b"%d" % len(body)), *rejected.headers, *limits]
    if call.entitlement is not None and call.endpoint is not None and call.product is not None:
        headers += deprecation_headers(call.endpoint, call.product, config)  # for those who have a key of it
    head = completed_head(call, headers, config, origin_seconds=origin_seconds)
    if watch is not None:
        watch.answer_head(rejected.problem.status, head)
        watch.answer_piece(body)
    await call.request.client.answer(rejected.problem.status, head, body)
    return len(body)


async def send_empty(call: Call, status: int, headers: list[Header], config: EngineConfig) -> None:
    """Answer without a body."""
    await call.request.client.answer(status, completed_head(call, headers, config), b"")


def deprecation_headers(endpoint: Endpoint, product: ProductEntry, config: EngineConfig) -> list[Header]:
    """RFC 9745 and RFC 8594, for an endpoint that is marked or whose product is; the product's page tells more.

    Where both are marked, the earlier date holds.
    """
    if endpoint.deprecated_at is product.deprecated_at is endpoint.sunset_at is product.retires_at is None:
        return []
    deprecated_at = min(filter(None, (endpoint.deprecated_at, product.deprecated_at)), default=None)
    sunset_at = min(filter(None, (endpoint.sunset_at, product.retires_at)), default=None)
    headers, relations = [], []
    if deprecated_at is not None:
        headers.append((b"deprecation", b"@%d" % int(deprecated_at.timestamp())))
        relations.append("deprecation")
    if sunset_at is not None:
        headers.append((b"sunset", _http_date(int(sunset_at.timestamp()))))
        relations.append("sunset")
    if relations and config.product_page:
        page = config.product_page.format(slug=product.slug)
        link = f'<{page}>; rel="{" ".join(relations)}"; type="text/html"'
        headers.append((b"link", link.encode("latin-1")))
    return headers


@lru_cache(maxsize=4)
def _http_date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode("ascii")
