"""`Location` of a backend, as the client must see it: below the gateway, and never an internal host."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from apps.gateway.engine.messages.headers import are_well_formed
from apps.gateway.engine.messages.request import Header

REWRITTEN = frozenset({b"location", b"content-location"})
_INTERNAL_NAMES = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Addresses:
    """The backend's base URL and the public one that stands for it, both without a trailing slash."""

    upstream: str
    public: str


def rewrite_locations(headers: list[Header], addresses: Addresses) -> list[Header]:
    """The headers with every location rewritten; one that would lead around the gateway is left out."""
    rewritten = []
    for name, value in headers:
        if name in REWRITTEN:
            location = _rewritten(value.decode("latin-1").strip(), addresses)
            header = (name, (location or "").encode("latin-1"))
            if not location or not are_well_formed([header]):
                continue
            rewritten.append(header)
        else:
            rewritten.append((name, value))
    return rewritten


def _rewritten(location: str, addresses: Addresses) -> str | None:
    """The location for the client, or None where there is none that may be shown."""
    try:
        parts = urlsplit(location)
        port = parts.port
    except ValueError:
        return None
    if not parts.netloc:
        if parts.scheme or "\\" in location:
            return None
        if not location.startswith("/"):
            return location  # relative to the request's own address
        path = _below_base(location, urlsplit(addresses.upstream).path)
        return None if path is None else urlsplit(addresses.public).path + path
    upstream = urlsplit(addresses.upstream)
    host = (parts.hostname or "").rstrip(".")
    if host != (upstream.hostname or "").rstrip("."):
        return None if _is_internal(host) or parts.scheme not in ("http", "https", "") else location
    # http and https of the same host are one backend; another port is another server.
    known_ports = {upstream.port or _DEFAULT_PORTS[upstream.scheme], *_DEFAULT_PORTS.values()}
    if (port or _DEFAULT_PORTS.get(parts.scheme or upstream.scheme)) not in known_ports:
        return None
    path = _below_base(parts._replace(scheme="", netloc="").geturl() or "/", upstream.path)
    return None if path is None else addresses.public + path


def _below_base(path: str, base: str) -> str | None:
    """The path without the base path of the backend, or None where it is not below it."""
    if not path.startswith(base):
        return None
    rest = path[len(base) :]
    return rest if not rest or rest[0] in "/?#" else None


def _is_internal(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.rsplit(".", 1)[-1] in _INTERNAL_NAMES
