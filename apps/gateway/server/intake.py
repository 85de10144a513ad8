"""Requests out of the bytes of a connection, one after another: heads, bodies, and what is no HTTP."""

from math import inf
from typing import Protocol

import httptools

from apps.gateway.bounds import HEAD_BYTES_MAX, HeadTooLarge
from apps.gateway.engine.forwarding.websocket import asks_for_websocket
from apps.gateway.engine.messages import problems
from apps.gateway.engine.messages.problems import Problem
from apps.gateway.engine.messages.request import Header
from apps.gateway.server.call import CallConnection, ServerCall
from apps.gateway.server.methods import is_request_of_unknown_method

# What a body that nobody reads (yet) may take of memory before the client is held back.
BODY_BUFFER_MAX = 64 * 1024

_FRAMING = (b"content-length", b"transfer-encoding")


class IntakeConnection(CallConnection, Protocol):
    """Who is told what came."""

    is_stopping: bool

    def take(self, data: bytes) -> None:
        """Bytes that were not of the message that they were taken for."""
        ...

    def head_ended(self) -> None: ...

    def call_came(self, call: ServerCall, head_bytes: int) -> None:
        """Its head is whole."""
        ...

    def body_came(self, call: ServerCall, size: int) -> None:
        """A piece of its body."""
        ...

    def call_is_over(self, call: ServerCall) -> None:
        """It is answered, and its request was read to the end."""
        ...

    def refuse(self, problem: Problem, detail: str = "") -> None:
        """What came cannot be read."""
        ...


class Intake:
    """Tells its connection of each head, each end, and of what cannot be read: nothing follows that."""

    def __init__(self, connection: IntakeConnection) -> None:
        self._connection = connection
        self._parser: httptools.HttpRequestParser | None = self._new_parser()
        self.in_head = True
        self.incoming: ServerCall | None = None  # the one whose body is coming in
        self._parsed: ServerCall | None = None  # the last one whose head was read
        self.tunnelled: ServerCall | None = None  # the one that everything that follows is for
        self._is_between = True  # two messages
        self._begun = 0  # how many messages began in the piece that is being read
        self._url = b""
        self._headers: list[Header] = []
        self._head_bytes = 0
        # A name or value is told when it has ended: what comes of one that does not end is counted here.
        self._is_head_open = False
        self._open_bytes = 0
        self._is_framed = False  # by a header
        self._is_deaf = False  # where a request ends was not clear: nothing behind it is one

    @property
    def is_open(self) -> bool:
        return self._parser is not None

    def close(self) -> ServerCall | None:
        """Read no more requests. Returns the one that is not whole."""
        self._parser = None
        incoming, self.incoming = self.incoming, None
        return incoming

    def forget(self) -> None:
        """Keep nothing of what was read."""
        self._parsed = self.tunnelled = None
        self._url, self._headers = b"", []

    def feed(self, data: bytes) -> None:
        parser = self._parser
        assert parser is not None
        is_start, self._begun = self._is_between, 0
        incoming = self.incoming
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._leave_http(data[upgrade.args[0] :])
        except httptools.HttpParserInvalidMethodError:
            # Where it is not sure that the piece begins with that method, it is just not valid.
            is_first = is_start and self._begun == 1
            self._refuse(is_method_unknown=is_first and is_request_of_unknown_method(data))
        except httptools.HttpParserError:
            self._refuse()
        else:
            if self._is_head_open:
                self._open_bytes = 0 if self._begun else self._open_bytes + len(data)
                if self._open_bytes > HEAD_BYTES_MAX:
                    self._connection.refuse(problems.HEAD_TOO_LARGE)
            elif incoming is not None and incoming is self.incoming:
                incoming.framed += len(data)
                if incoming.is_padded:
                    self._connection.refuse(
                        problems.BAD_REQUEST, "The chunks carry much more than the body that they frame."
                    )

    # --- httptools' callbacks -------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._is_between, self._is_head_open = False, True
        self._begun += 1
        self._url, self._headers, self._head_bytes, self._is_framed = b"", [], 0, False

    def on_url(self, url: bytes) -> None:
        self._take_in(len(url))
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._take_in(len(name) + len(value))
        if self.incoming is None:  # else it is a trailer: the head is decided on by then, so it is dropped
            name = name.lower()
            if name in _FRAMING:
                self._is_framed = True
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.in_head = self._is_head_open = False
        connection, parser = self._connection, self._parser
        connection.head_ended()
        if parser is None or self._is_deaf or self.incoming is not None:
            return
        version = parser.get_http_version()
        call = ServerCall(
            connection,
            method=parser.get_method().decode("ascii"),
            target=self._url,
            headers=self._headers,
            http_version=version,
            keeps_alive=parser.should_keep_alive() and not connection.is_stopping,
            may_tunnel=parser.should_upgrade() and asks_for_websocket(version, self._headers),
        )
        self.incoming = self._parsed = call
        if self._is_framed and not call.is_clear:
            self._is_deaf, call.keeps_alive = True, False
        head_bytes, self._head_bytes = self._head_bytes, 0  # trailers count for themselves
        connection.call_came(call, head_bytes)

    def on_body(self, data: bytes) -> None:
        call = self.incoming
        if call is None:
            return
        if call.take(data) > BODY_BUFFER_MAX:
            self._connection.hold_reading()
        self._connection.body_came(call, len(data))

    def on_message_complete(self) -> None:
        self._is_between = True
        call, parser = self.incoming, self._parser
        if call is None or (parser is not None and parser.should_upgrade() and call.has_unread_body):
            return  # behind a head that asks for another protocol, the parser leaves out the body
        self.incoming = None
        call.body_ended()
        if call.is_over:
            self._connection.call_is_over(call)

    # --- inside -----------------------------------------------------------------------------------

    def _leave_http(self, rest: bytes) -> None:
        """The parser stops behind a request that asks for another protocol, whether or not it may have that."""
        call = self._parsed
        if call is None or call.may_tunnel or call.method == "CONNECT":
            self._parser = None
            if call is not None:
                call.keeps_alive = False
                self.tunnelled = call if call.may_tunnel else None
                if rest:
                    call.take(rest)
            return
        self._parser = self._new_parser()
        if self.incoming is call:
            self._go_on_with_body(call)
        if rest:
            self._connection.take(rest)

    def _go_on_with_body(self, call: ServerCall) -> None:
        """It stays HTTP, and what follows is the body: for a new parser, that of a head without the wish."""
        if not call.is_clear or self._parser is None:
            self._parser = None  # and the connection ends with the answer
            return
        length = call.unread
        framing = b"transfer-encoding: chunked" if length == inf else b"content-length: %d" % int(length)
        self._parser.feed_data(b"POST / HTTP/1.1\r\nhost: here\r\n%b\r\n\r\n" % framing)

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        # One request behind a close is parsed, so that it can be left unanswered in peace.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    def _take_in(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES_MAX:
            raise HeadTooLarge

    def _refuse(self, *, is_method_unknown: bool = False) -> None:
        if self._head_bytes > HEAD_BYTES_MAX:
            self._connection.refuse(problems.HEAD_TOO_LARGE)
        elif is_method_unknown:
            self._connection.refuse(problems.METHOD_UNKNOWN)
        else:
            self._connection.refuse(problems.BAD_REQUEST, "This is not a valid HTTP/1.1 request.")
