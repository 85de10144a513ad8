"""Requests of HTTP/1.1 on the wire, good and bad, each with its section and what a server may make of it.

`~slug~` and `~key~` stand for those of the shop. A bad message is refused once, the connection ends, and whatever was
sent behind it is never read as a request.
"""

from dataclasses import dataclass
from enum import Enum, auto


class After(Enum):
    """What becomes of a request right behind the message, on the same connection."""

    ANSWERED = auto()
    IGNORED = auto()  # the connection ends
    EITHER = auto()


@dataclass(frozen=True)
class Case:
    name: str
    section: str  # of RFC 9112, or of another where it says so
    request: bytes
    statuses: frozenset[int]
    after: After
    why_not: str = ""  # why the plain transport does otherwise


KEY = b"X-Api-Key: ~key~\r\n"
HOST = b"Host: gw\r\n"
LINE = b"GET /~slug~/things HTTP/1.1\r\n"
POST = b"POST /~slug~/things HTTP/1.1\r\n" + HOST + KEY
TWO_CODINGS = POST + b"Transfer-Encoding: %b\r\nTransfer-Encoding: %b\r\n\r\n0\r\n\r\n"
LENGTH_AND_CODING = POST + b"Content-Length: %b\r\nTransfer-Encoding: %b\r\n\r\n0\r\n\r\n"
EXPECTING = POST + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\nbody"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
NO_UPGRADE = "uvicorn would lose the body, so it is refused there"
# A body that would pass as a request.
INNER = b"GET /weather/things/next HTTP/1.1\r\nHost: gw\r\n\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def _get(lines: bytes) -> bytes:
    return LINE + HOST + KEY + lines + b"\r\n"


def _passes(name: str, section: str, request: bytes, *, why_not: str = "") -> Case:
    return Case(name, section, request, frozenset({200}), After.ANSWERED, why_not)


def _passes_then_closes(name: str, section: str, request: bytes) -> Case:
    return Case(name, section, request, frozenset({200}), After.IGNORED)


def _ends(name: str, section: str, request: bytes, *statuses: int) -> Case:
    """Refused, and the connection with it."""
    return Case(name, section, request, frozenset(statuses or {400}), After.IGNORED)


def _refused(name: str, section: str, request: bytes, *statuses: int) -> Case:
    """Refused; where the message ends is clear, so the connection may go on."""
    return Case(name, section, request, frozenset(statuses or {400}), After.EITHER)


LINES = [
    _passes("a plain call", "3", _get(b"")),
    _passes("an empty line before the request line", "2.2", b"\r\n" + _get(b"")),
    _ends("line feeds alone", "2.2", _get(b"").replace(b"\r\n", b"\n")),
    _ends("a line feed alone after the request line", "2.2", _get(b"").replace(b"\r\n", b"\n", 1)),
    _ends("a line feed alone after a field", "2.2", LINE + HOST + KEY + b"X-A: a\n\r\n"),
    _ends("a line feed alone at the end of the head", "2.2", LINE + HOST + KEY + b"\n"),
    _ends("a carriage return alone after the request line", "2.2", _get(b"").replace(b"\r\n", b"\r", 1)),
    _ends("a carriage return alone in a value", "2.2", _get(b"X-A: a\rX-B: b\r\n")),
    _ends("a carriage return alone after a field", "2.2", LINE + HOST + b"X-A: a\r" + KEY + b"\r\n"),
    _ends("two carriage returns", "2.2", _get(b"X-A: a\r\r\n")),
    _ends("white space before the first field", "2.2", LINE + b" " + HOST + KEY + b"\r\n"),
    _ends("a tab before the first field", "2.2", LINE + b"\tX-A: a\r\n" + HOST + KEY + b"\r\n"),
]

VERSIONS = [
    _ends("HTTP/0.9", "2.3", b"GET /~slug~/things\r\n\r\n"),
    _ends("HTTP/0.9 by name", "2.3", _get(b"").replace(b"HTTP/1.1", b"HTTP/0.9", 1), 400, 505),
    _ends("HTTP/2.0", "2.3", _get(b"").replace(b"HTTP/1.1", b"HTTP/2.0", 1), 400, 505),
    _ends("HTTP/3.0", "2.3", _get(b"").replace(b"HTTP/1.1", b"HTTP/3.0", 1), 400, 505),
    _ends("HTTP/1.2, which is not spoken here", "2.3", _get(b"").replace(b"HTTP/1.1", b"HTTP/1.2", 1), 400, 505),
    *(
        _ends(f"the version {version!r}", "2.3", _get(b"").replace(b"HTTP/1.1", version, 1), 400, 505)
        for version in (b"HTTP/1", b"HTTP/1.", b"HTTP/.1", b"HTTP/11", b"HTTP/1.10", b"HTTP/01.1", b"HTTP/1,1",
                        b"HTTP/+1.1", b"HTTP/1.1x", b"http/1.1", b"HTP/1.1", b"HTTPS/1.1", b"ICE/1.0")
    ),
    # Parsers of HTTP that know this relative read it as 1.0, and find the same end of the message.
    Case("RTSP/1.0", "2.3", _get(b"").replace(b"HTTP/1.1", b"RTSP/1.0", 1), frozenset({200, 400, 505}), After.IGNORED),
    _ends("the preface of HTTP/2", "2.3", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505),
]  # fmt: skip

REQUEST_LINES = [
    _refused("two spaces after the method", "3", _get(b"").replace(b"GET ", b"GET  ", 1), 200, 400),
    _ends("a tab after the method", "3", _get(b"").replace(b"GET ", b"GET\t", 1)),
    _ends("a space before the method", "3", b" " + _get(b"")),
    _ends("a space within the target", "3.2", _get(b"").replace(b"/things", b"/th ings", 1)),
    _ends("white space after the version", "3", _get(b"").replace(b"HTTP/1.1\r", b"HTTP/1.1 \r", 1)),
    _ends("no target", "3", b"GET HTTP/1.1\r\n" + HOST + KEY + b"\r\n"),
    _ends("no method", "3", b"/~slug~/things HTTP/1.1\r\n" + HOST + KEY + b"\r\n"),
    _ends("a method in lower case", "3.1", _get(b"").replace(b"GET", b"get", 1), 400, 405, 501),
    _ends("a method that is no token", "3.1", _get(b"").replace(b"GET", b"G@T", 1), 400, 501),
    _ends("a method that nobody knows", "3.1", _get(b"").replace(b"GET", b"FETCH", 1), 400, 405, 501),
    _ends("a method without end", "3.1", _get(b"").replace(b"GET", b"G" * 5000, 1), 400, 405, 501),
    _refused("a target longer than is taken", "3", _get(b"").replace(b"/things", b"/things/" + b"a" * 9000, 1), 414),
    _ends("a target without end", "3", _get(b"").replace(b"/things", b"/things/" + b"a" * 90_000, 1), 414, 431),
    # Refused by decision, though a server may take it: one request, one spelling (README of the gateway).
    _passes("absolute form", "3.2.2", _get(b"").replace(b"/~slug~", b"http://gw/~slug~", 1)),
    _passes("absolute form of another host", "3.2.2", _get(b"").replace(b"/~slug~", b"http://other/~slug~", 1)),
    *(
        _refused(f"absolute form of the host {host!r}", "3.2.2",
                 _get(b"").replace(b"/~slug~", b"http://%b/~slug~" % host, 1))
        for host in (b"", b"a,b", b"a@b", b"@", b":80", b"a:b", b"a:-1", b"[::1")
    ),
    *(
        _refused(f"absolute form in HTTP/1.0 of the host {host!r}", "3.2.2",
                 b"GET http://%b/~slug~/things HTTP/1.0\r\n" % host + KEY + b"\r\n")
        for host in (b"", b"a,b", b"a@b", b"@", b":80", b"a:b", b"a:-1", b"[::1")
    ),
    _passes_then_closes("absolute form in HTTP/1.0", "3.2.2",
                        b"GET http://gw/~slug~/things HTTP/1.0\r\n" + KEY + b"\r\n"),
    _refused("authority form", "3.2.3", _get(b"").replace(b"/~slug~/things", b"other:443", 1)),
    _ends("CONNECT", "3.2.3", b"CONNECT other:443 HTTP/1.1\r\n" + HOST + KEY + b"\r\n", 400, 405, 501),
    _refused("asterisk form", "3.2.4", b"OPTIONS * HTTP/1.1\r\n" + HOST + KEY + b"\r\n"),
    _refused("asterisk form of GET", "3.2.4", _get(b"").replace(b"/~slug~/things", b"*", 1)),
    _refused("a fragment", "3.2", _get(b"").replace(b"/things", b"/things#x", 1)),
    _ends("a target that is not ASCII", "3.2", _get(b"").replace(b"/things", b"/th\xefngs", 1)),
    _ends("NUL within the target", "3.2", _get(b"").replace(b"/things", b"/th\x00ngs", 1)),
]  # fmt: skip

HOSTS = [
    _refused("no host", "3.2", LINE + KEY + b"\r\n"),
    _refused("two hosts", "3.2", LINE + HOST + b"Host: other\r\n" + KEY + b"\r\n"),
    _refused("the same host twice", "3.2", LINE + HOST + HOST + KEY + b"\r\n"),
    *(
        _refused(f"the host {host!r}", "3.2", LINE + b"Host: " + host + b"\r\n" + KEY + b"\r\n")
        for host in (b"", b"a b", b"a,b", b"a@b", b"a/b", b"a:b", b"a:80:80", b"http://a", b"[::1", b"a\tb", b"a:-1")
    ),
]

FIELDS = [
    _passes("a tab within a value", "RFC 9110 5.5", _get(b"X-A: a\tb\r\n")),
    _passes("white space around a value", "5.1", _get(b"X-A: \t a \t \r\n")),
    _passes("an empty value", "5", _get(b"X-A:\r\n")),
    _passes("UTF-8 in a value", "RFC 9110 5.5", _get("X-A: café\r\n".encode())),
    _ends("a space before the colon", "5.1", _get(b"X-A : a\r\n")),
    _ends("a tab before the colon", "5.1", _get(b"X-A\t: a\r\n")),
    _ends("a space before the colon of a length", "5.1", POST + b"Content-Length : 4\r\n\r\nbody"),
    _ends("a space within a name", "5.1", _get(b"X A: a\r\n")),
    _ends("no name", "5", _get(b": a\r\n")),
    _ends("no colon", "5", _get(b"X-A\r\n")),
    _ends("a continued line", "5.2", _get(b"X-A: a\r\n b\r\n")),
    _ends("a line continued by a tab", "5.2", _get(b"X-A: a\r\n\tb\r\n")),
    _ends("an empty continued line", "5.2", _get(b"X-A: a\r\n \r\n")),
    _ends("a continued framing", "5.2", POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    _ends("a continued host", "5.2", LINE + b"Host: gw\r\n .other\r\n" + KEY + b"\r\n"),
    *(
        _ends(f"the byte {byte:#04x} in a value", "RFC 9110 5.5", _get(b"X-A: a" + bytes([byte]) + b"b\r\n"))
        for byte in (0x00, 0x01, 0x08, 0x0B, 0x0C, 0x1F, 0x7F)
    ),
    *(
        _ends(f"the byte {byte:#04x} in a name", "RFC 9110 5.1", _get(b"X-" + bytes([byte]) + b"A: a\r\n"))
        for byte in (0x00, 0x01, 0x28, 0x2C, 0x2F, 0x3B, 0x40, 0x5B, 0x7B, 0x7F, 0xFF)
    ),
    _ends("a field without end", "5.4 of RFC 9110", _get(b"X-A: " + b"a" * 90_000 + b"\r\n"), 431),
    _ends("fields without end", "5.4 of RFC 9110", _get(b"".join(b"X-%d: a\r\n" % n for n in range(12_000))), 431),
]

LENGTHS = [
    _passes("a length", "6.2", POST + b"Content-Length: 4\r\n\r\nbody"),
    _passes("a length with a zero in front", "6.2", POST + b"Content-Length: 04\r\n\r\nbody"),
    _passes("a body with GET", "6", LINE + HOST + KEY + b"Content-Length: 4\r\n\r\nbody"),
    _passes("no body with POST", "6.3", POST + b"\r\n"),
    _ends("two lengths that differ", "6.3", POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody"),
    _ends("two lengths, one in another case", "6.3", POST + b"Content-Length: 4\r\ncontent-length: 0\r\n\r\nbody"),
    _ends("a list of lengths that differ", "6.3", POST + b"Content-Length: 4, 5\r\n\r\nbody"),
    # These two may be taken for one length, or refused.
    _ends("the same length twice", "6.3", POST + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody"),
    _ends("a list of the same length", "6.3", POST + b"Content-Length: 4, 4\r\n\r\nbody"),
    *(
        _ends(f"the length {length!r}", "6.3", POST + b"Content-Length: " + length + b"\r\n\r\nbody")
        for length in (b"", b"+4", b"-4", b"0x4", b"4_0", b"4 0", b"4.0", b"4e0", b"four", b"\xef\xbc\x94", b"4;4",
                       b"4,", b'"4"', b"4\x0b", b"\x0c4", b"9" * 40, b"18446744073709551620")
    ),
    _ends("a length before chunks", "6.1", LENGTH_AND_CODING % (b"4", b"chunked")),
    _ends("a length after chunks", "6.1", POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
    _ends("a length of 0 and chunks", "6.1", LENGTH_AND_CODING % (b"0", b"chunked")),
    _ends("a length and no known coding", "6.1", LENGTH_AND_CODING % (b"5", b"x"), 400, 501),
]  # fmt: skip

CODINGS = [
    _passes("chunked in upper case", "7", POST + b"Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n"),
    _passes("chunked after a tab", "5.1", POST + b"Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n"),
    *(
        _ends(f"the coding {coding!r}", "6.1", POST + b"Transfer-Encoding: " + coding + b"\r\n\r\n0\r\n\r\n", 400, 501)
        for coding in (b"", b"xchunked", b"chunkedx", b"chunked, chunked", b"chunked, identity",
                       b"identity", b"gzip", b"chunked, gzip", b"chunked;a=b", b'"chunked"', b"gzip, chunked, chunked",
                       b"chunked,", b",chunked", b"chun ked", b"\x0bchunked", b"\xa0chunked", b"chunked\x00")
    ),
    *(
        _ends(f"the coding {coding!r}", "6.1", POST + b"Transfer-Encoding: " + coding + b"\r\n\r\n0\r\n\r\n", 501)
        for coding in (b"gzip, chunked", b"x-cow ,\tchunked", b"gzip,deflate, Chunked")
    ),
    _ends("an unknown coding and a length", "6.1", LENGTH_AND_CODING % (b"0", b"gzip, chunked")),
    _ends("chunked twice", "6.1", TWO_CODINGS % (b"chunked", b"chunked")),
    _ends("identity first", "6.1", TWO_CODINGS % (b"identity", b"chunked")),
    _ends("identity last", "6.1", TWO_CODINGS % (b"chunked", b"identity")),
    _ends("a name with an underscore beside it", "6.1", POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    _ends("chunks in HTTP/1.0 that is to stay open", "6.1",
          CHUNKED.replace(b"HTTP/1.1\r\n", b"HTTP/1.0\r\nConnection: keep-alive\r\n", 1) + b"0\r\n\r\n"),
    _ends("chunks in HTTP/1.0", "6.1", CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0", 1) + b"0\r\n\r\n"),
]  # fmt: skip

CHUNKS = [
    _passes("chunks", "7.1", CHUNKED + b"2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"),
    _passes("a size in hexadecimal", "7.1", CHUNKED + b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"),
    _passes("a size with zeros in front", "7.1", CHUNKED + b"0004\r\nbody\r\n000\r\n\r\n"),
    _passes("an extension", "7.1.1", CHUNKED + b"4;a=b\r\nbody\r\n0;c\r\n\r\n"),
    _passes("a quoted extension", "7.1.1", CHUNKED + b'4;a="b;c"\r\nbody\r\n0\r\n\r\n'),
    _passes("a trailer", "7.1.2", CHUNKED + b"4\r\nbody\r\n0\r\nX-Trailed: 1\r\n\r\n"),
    _refused("a trailer that frames", "7.1.2", CHUNKED + b"0\r\nContent-Length: 50\r\n\r\n", 200, 400),
    _passes("a trailer that was announced", "7.1.2", POST + b"TE: trailers\r\nTrailer: X-Trailed\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Trailed: 1\r\n\r\n"),
    *(
        _ends(f"the size {size!r}", "7.1", CHUNKED + size + b"\r\nbody\r\n0\r\n\r\n")
        for size in (b"", b"+4", b"-4", b"0x4", b"4_", b" 4", b"\t4", b"4 ", b"4.0", b"4,4", b"g", b"\xef\xbc\x94",
                     b"FFFFFFFFFFFFFFFFF", b"10000000000000004", b"4\x00")
    ),
    _ends("a line feed alone after a size", "7.1", CHUNKED + b"4\nbody\r\n0\r\n\r\n"),
    _ends("a carriage return alone after a size", "7.1", CHUNKED + b"4\rbody\r\n0\r\n\r\n"),
    _ends("a line feed alone in an extension", "7.1.1", CHUNKED + b"4;a\nbody\r\n0\r\n\r\n"),
    _ends("a carriage return alone in an extension", "7.1.1", CHUNKED + b"4;a\rb\r\nbody\r\n0\r\n\r\n"),
    _ends("no line end after a chunk", "7.1", CHUNKED + b"4\r\nbody0\r\n\r\n"),
    _ends("a line feed alone after a chunk", "7.1", CHUNKED + b"4\r\nbody\n0\r\n\r\n"),
    _ends("a carriage return alone after a chunk", "7.1", CHUNKED + b"4\r\nbody\r0\r\n\r\n"),
    _ends("a chunk longer than its size", "7.1", CHUNKED + b"2\r\nbody\r\n0\r\n\r\n"),
    _ends("a line feed alone at the end", "7.1", CHUNKED + b"4\r\nbody\r\n0\r\n\n"),
    _ends("a line feed alone after the last size", "7.1", CHUNKED + b"4\r\nbody\r\n0\n\r\n"),
    _ends("a trailer with a space before its colon", "7.1.2", CHUNKED + b"0\r\nX-A : 1\r\n\r\n"),
    _ends("a continued trailer", "7.1.2", CHUNKED + b"0\r\nX-A: 1\r\n b\r\n\r\n"),
    _ends("a trailer without end", "7.1.2", CHUNKED + b"0\r\nX-A: " + b"a" * 90_000 + b"\r\n\r\n", 400, 431),
]  # fmt: skip

CONNECTIONS = [
    _passes_then_closes("close", "9.6", _get(b"Connection: close\r\n")),
    _passes_then_closes("close among others", "9.6", _get(b"Connection: x, Close\r\n")),
    _passes_then_closes("HTTP/1.0", "9.3", _get(b"").replace(b"HTTP/1.1", b"HTTP/1.0", 1)),
    _passes("keep-alive", "9.3", _get(b"Connection: keep-alive\r\n")),
    _passes("an upgrade that is not offered here", "RFC 9110 7.8", _get(b"Connection: Upgrade\r\nUpgrade: h2c\r\n"),
            why_not="uvicorn loses what was sent behind it"),
    _passes("a body behind an upgrade that is not offered", "RFC 9110 7.8",
            POST + UPGRADE + b"Content-Length: %d\r\n\r\n%b" % (len(INNER), INNER), why_not=NO_UPGRADE),
    _passes("chunks behind an upgrade that is not offered", "RFC 9110 7.8",
            POST + UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(INNER), INNER),
            why_not=NO_UPGRADE),
    _ends("broken chunks behind an upgrade that is not offered", "RFC 9110 7.8",
          POST + UPGRADE + b"Transfer-Encoding: chunked\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
    _ends("two lengths behind an upgrade that is not offered", "RFC 9110 7.8",
          POST + UPGRADE + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n%b" % (len(INNER), INNER)),
    _passes("a settings field of HTTP/2", "RFC 9110 7.8", _get(b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n")),
    _passes("an expectation", "RFC 9110 10.1.1", EXPECTING),
    _refused("an expectation that nobody knows", "RFC 9110 10.1.1", _get(b"Expect: 200-ok\r\n"), 200, 417),
    _passes_then_closes("an expectation in HTTP/1.0", "RFC 9110 10.1.1",
                        EXPECTING.replace(b"HTTP/1.1", b"HTTP/1.0", 1)),
]  # fmt: skip

CASES = [*LINES, *VERSIONS, *REQUEST_LINES, *HOSTS, *FIELDS, *LENGTHS, *CODINGS, *CHUNKS, *CONNECTIONS]
