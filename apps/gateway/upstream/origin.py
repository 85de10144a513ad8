"""Where a backend is, read once out of its base URL."""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from apps.gateway.engine.ports import UpstreamUnreachable

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """One server: connections to it are shared by everything that it serves for a product."""

    is_tls: bool
    host: str  # a name, or an IP address without brackets
    port: int
    is_address: bool


@dataclass(frozen=True, slots=True)
class Base:
    """A base URL taken apart; `host_header` and `path` are what is sent."""

    origin: Origin
    host_header: bytes
    path: bytes


@lru_cache(maxsize=8192)
def parse_base(url: str) -> Base:
    """Take a base URL apart. Raises `UpstreamUnreachable` for one that names no server."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna" if not (parts.hostname or "").isascii() else "ascii").decode()
    except (ValueError, UnicodeError) as error:
        raise UpstreamUnreachable(str(error)) from error
    if parts.scheme not in _PORTS or not host:
        raise UpstreamUnreachable("The address of the backend is no URL.")
    usual = _PORTS[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    return Base(
        origin=Origin(parts.scheme == "https", host, port or usual, _is_address(host)),
        host_header=(shown if port in (None, usual) else f"{shown}:{port}").encode("ascii"),
        path=parts.path.encode("ascii"),
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
