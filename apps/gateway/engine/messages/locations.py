"""The addresses in a backend's headers, as the client must see them: below the gateway, and never an internal host."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from apps.gateway.engine.messages.headers import are_well_formed
from apps.gateway.engine.messages.request import Header

# One link of a list (RFC 8288, 3), and where a page is to go on.
_LINK = re.compile(r"\s*+<([^<>]*+)>((?:[^,\"<>]++|\"(?:[^\"\\]++|\\.)*+\")*+)(?:,|\Z)")
_REFRESH = re.compile(r"\s*+([0-9.]++)(?:\s*+[;,]\s*+(?:url\s*+=\s*+)?+[\"']?(.*?)[\"']?)?", re.IGNORECASE | re.DOTALL)
_INTERNAL_NAMES = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Addresses:
    """The backend's base URL and the public one that stands for it, both without a trailing slash."""

    upstream: str
    public: str


def rewrite_locations(headers: list[Header], addresses: Addresses) -> list[Header]:
    """The headers with every address rewritten; one that would lead around the gateway is left out."""
    rewritten = []
    for name, value in headers:
        rewrite = _REWRITES.get(name)
        if rewrite is not None:
            location = rewrite(value.decode("latin-1").strip(), addresses)
            header = (name, (location or "").encode("latin-1"))
            if not location or not are_well_formed([header]):
                continue
            rewritten.append(header)
        else:
            rewritten.append((name, value))
    return rewritten


def _rewritten_links(links: str, addresses: Addresses) -> str | None:
    """Those of the links that may be shown. None where none is left, or it is no list of links."""
    kept, at = [], 0
    while at < len(links):
        link = _LINK.match(links, at)
        if link is None:
            return None
        at = link.end()
        if target := _rewritten(link[1].strip(), addresses):
            kept.append(f"<{target}>{link[2].rstrip()}")
    return ", ".join(kept) or None


def _rewritten_refresh(refresh: str, addresses: Addresses) -> str | None:
    parts = _REFRESH.fullmatch(refresh)
    if parts is None:
        return None
    if not parts[2]:
        return refresh
    location = _rewritten(parts[2], addresses)
    return location and f"{parts[1]}; url={location}"


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


_REWRITES: dict[bytes, Callable[[str, Addresses], str | None]] = {
    b"location": _rewritten,
    b"content-location": _rewritten,
    b"link": _rewritten_links,
    b"refresh": _rewritten_refresh,
}
REWRITTEN = frozenset(_REWRITES)
