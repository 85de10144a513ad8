"""Calls written down with their headers and bodies, of products that ask for it: some of each minute, and cut short."""

import time
from collections.abc import Callable

from apps.gateway.engine.call import Admitted, Call
from apps.gateway.engine.messages.request import Header
from apps.gateway.engine.observation.redaction import redacted_body, redacted_headers, redacted_query
from apps.usage.recording import Recording

# What is kept of a body.
BODY_MAX = 16 * 1024
# Calls of one product that a process records in a minute.
CALLS_PER_MINUTE = 10
_HEADERS_MAX = 100
_PRODUCTS_MAX = 10_000


class _Beginning:
    """The first bytes of a body."""

    __slots__ = ("data", "is_cut")

    def __init__(self) -> None:
        self.data = b""
        self.is_cut = False

    def add(self, piece: bytes) -> None:
        room = BODY_MAX - len(self.data)
        self.data += piece[:room]
        self.is_cut = self.is_cut or len(piece) > room


class Recorder:
    """Watches one call go by."""

    def __init__(self, call: Call, admitted: Admitted) -> None:
        self._call = call
        self._admitted = admitted
        self._request, self._answer = _Beginning(), _Beginning()
        self._status: int | None = None
        self._head: list[Header] = []

    def request_piece(self, piece: bytes) -> None:
        self._request.add(piece)

    def answer_head(self, status: int, headers: list[Header]) -> None:
        self._status, self._head = status, headers

    def answer_piece(self, piece: bytes) -> None:
        self._answer.add(piece)

    def recording(self) -> Recording:
        """What was seen, as far as the product wants it, without secrets."""
        wanted = self._admitted.product.recording
        assert wanted is not None
        sent, got = self._admitted.headers[:_HEADERS_MAX], self._head[:_HEADERS_MAX]
        return Recording(
            event_id=self._call.event_id.hex,
            product_id=self._admitted.product.id,
            query=redacted_query(self._admitted.query),
            request_headers=redacted_headers(sent) if wanted.headers else None,
            request_body=redacted_body(self._request.data, headers=sent) if wanted.bodies else "",
            is_request_cut=self._request.is_cut,
            status=self._status,
            answer_headers=redacted_headers(got) if wanted.headers else None,
            answer_body=redacted_body(self._answer.data, headers=got) if wanted.bodies else "",
            is_answer_cut=self._answer.is_cut,
        )


class Recorders:
    """Decides which calls are recorded, and hands on what was."""

    def __init__(
        self, sink: Callable[[Recording], None] | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._minute = -1
        self._begun: dict[int, int] = {}

    def begin(self, call: Call, admitted: Admitted) -> Recorder | None:
        """None where this call is not recorded."""
        if self._sink is None:
            return None
        minute = int(self._clock() // 60)
        if minute != self._minute or len(self._begun) >= _PRODUCTS_MAX:
            self._minute, self._begun = minute, {}
        product = admitted.product.id
        begun = self._begun.get(product, 0)
        if begun >= CALLS_PER_MINUTE:
            return None
        self._begun[product] = begun + 1
        return Recorder(call, admitted)

    def end(self, recorder: Recorder) -> None:
        if self._sink is not None:
            self._sink(recorder.recording())
