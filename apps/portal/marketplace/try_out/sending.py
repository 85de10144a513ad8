"""The one way from the portal to the gateway: a plain HTTP call to the configured address and to no other.

Redirects are not followed, proxies of the environment are not used, and what is read is bounded in size and time.
"""

import http.client
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from apps.portal.marketplace.try_out.call import Call
from apps.portal.marketplace.try_out.signing import signature_headers
from apps.products.models import Product

READ_MAX = 256 * 1024
SECONDS_MAX = 20.0
_PIECE = 64 * 1024


class GatewayAway(Exception):
    """The gateway gave no answer."""


@dataclass(frozen=True)
class Answer:
    """`cut` says why the body is not whole: size, time or broken; empty where it is."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    cut: str
    milliseconds: float

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")


def send(call: Call, product: Product, secret: str) -> Answer:
    """Make the call with this key. Raises `GatewayAway`."""
    address = urlsplit(settings.GATEWAY_URL)
    host = address.hostname or ""
    if address.scheme == "https":
        context = ssl.create_default_context()
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, address.port, timeout=SECONDS_MAX, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, address.port, timeout=SECONDS_MAX)
    try:
        return _exchange(connection, call, product, address.netloc, address.path + call.target(product), secret)
    except (OSError, http.client.HTTPException) as error:
        raise GatewayAway from error
    finally:
        connection.close()


def _exchange(
    connection: http.client.HTTPConnection, call: Call, product: Product, host: str, target: str, secret: str
) -> Answer:
    started = time.monotonic()
    body = call.body.encode()
    connection.putrequest(call.endpoint.method, target, skip_accept_encoding=True)
    signature = signature_headers(call, host, target, secret) if product.requires_signature else []
    for name, value in [*call.wire_headers(secret), *signature]:
        connection.putheader(name, value)
    if body:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body or None)
    wire = connection.sock
    response = connection.getresponse()
    data, cut = _read(response, wire, started + SECONDS_MAX)
    # The library reads headers as Latin-1; those of the gateway are UTF-8.
    headers = tuple(
        (name, value.encode("latin-1", "replace").decode("utf-8", "replace")) for name, value in response.getheaders()
    )
    return Answer(response.status, headers, data, cut, 1000 * (time.monotonic() - started))


def _read(response: http.client.HTTPResponse, wire: socket.socket, until: float) -> tuple[bytes, str]:
    """What comes of the body in this time, and why it is not all of it."""
    data = b""
    try:
        while len(data) <= READ_MAX:
            left = until - time.monotonic()
            if left <= 0:
                return data, "time"
            wire.settimeout(left)
            piece = response.read1(_PIECE)
            if not piece:
                return data, "broken" if response.length else ""
            data += piece
    except TimeoutError:
        return data, "time"
    except (OSError, http.client.HTTPException):
        return data, "broken"
    return data[:READ_MAX], "size"
