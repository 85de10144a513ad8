"""Methods that the parser does not know, told from what is no request at all.

The parser stops at the method, before it has seen the rest; so the rest is read once more behind a method that it
knows. What comes of this is a status alone: the connection ends with it either way.
"""

import contextlib
import re

import httptools

_METHOD = re.compile(rb"(?:\r\n)*[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?= )")


class _Sink:
    def __init__(self) -> None:
        self.has_head = False

    def on_headers_complete(self) -> None:
        self.has_head = True


def is_request_of_unknown_method(data: bytes) -> bool:
    """Whether a request of HTTP/1 begins here, head and all, but for its method."""
    method = _METHOD.match(data)
    if method is None:
        return False
    sink = _Sink()
    with contextlib.suppress(httptools.HttpParserError, httptools.HttpParserUpgrade):  # in the head, or behind it
        httptools.HttpRequestParser(sink).feed_data(b"GET" + data[method.end() :])
    return sink.has_head
