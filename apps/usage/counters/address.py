"""Where Redis is: its URL as what a connection needs."""

import ssl
from dataclasses import dataclass
from typing import Any

from redis.connection import SSLConnection, UnixDomainSocketConnection, parse_url


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP address, or a path of a Unix socket; `credentials` are the arguments of AUTH."""

    host: str
    port: int
    path: str | None
    database: int
    credentials: tuple[str, ...]
    tls: ssl.SSLContext | None


def parse_address(url: str) -> Address:
    """Read `redis://`, `rediss://` and `unix://` URLs as redis-py does. Raises ValueError for others."""
    values: dict[str, Any] = dict(parse_url(url))  # type: ignore[no-untyped-call]
    kind = values.get("connection_class")
    password, username = values.get("password"), values.get("username")
    return Address(
        host=values.get("host", "localhost"),
        port=values.get("port", 6379),
        path=values["path"] if kind is UnixDomainSocketConnection else None,
        database=values.get("db", 0),
        credentials=tuple(part for part in (username, password) if part) if password else (),
        tls=_tls_context(values) if kind is SSLConnection else None,
    )


def _tls_context(values: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=values.get("ssl_ca_certs"))
    if values.get("ssl_cert_reqs") == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if values.get("ssl_certfile"):
        context.load_cert_chain(values["ssl_certfile"], values.get("ssl_keyfile"))
    return context
