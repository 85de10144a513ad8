"""The addresses in a backend's headers, as the client must see them: below the gateway, and never an internal host."""

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from apps.core.addresses import is_internal_name, is_public
from apps.gateway.engine.messages.headers import are_well_formed
from apps.gateway.engine.messages.request import Header

# One link of a list (RFC 8288, 3), and where a page is to go on.
_LINK = re.compile(r"<([^<>]*+)>((?:[^,\"<>]++|\"(?:[^\"\\]++|\\.)*+\")*+)(?:,[ \t,]*+|\Z)")
_SPACE = " \t"
# Browsers take a backslash for a slash, and a tab for nothing: others read another host or path.
_TWO_READINGS = re.compile(r"[^?#\\]*+\\|.*\t")
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?:/|\Z)", re.IGNORECASE)
_HARMLESS = ("mailto:", "urn:", "tel:")
# A parameter of a link that has an address itself: what it is about (`anchor`), or a relation of somebody's own. The
# registered relations have none, so a link with such a parameter is left out rather than half rewritten.
_ADDRESS = re.compile(r"\banchor[ \t]*=|://", re.IGNORECASE)
_REFRESH = re.compile(r"\s*+([0-9.]++)(?:\s*+[;,]\s*+(?:url\s*+=\s*+)?+[\"']?(.*?)[\"']?)?", re.IGNORECASE | re.DOTALL)
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
            location = rewrite(value.strip(b" \t").decode("latin-1"), addresses)
            header = (name, (location or "").encode("latin-1", "replace"))
            if not location or not are_well_formed([header]):
                continue
            rewritten.append(header)
        else:
            rewritten.append((name, value))
    return rewritten


def _rewritten_links(links: str, addresses: Addresses) -> str | None:
    """Those of the links that may be shown. None where none is left, or it is no list of links."""
    kept, at = [], len(links) - len(links.lstrip(_SPACE + ","))
    while at < len(links):
        link = _LINK.match(links, at)
        if link is None:
            return None
        at = link.end()
        target = _rewritten_link(link[1].strip(" \t"), addresses)
        if target is not None and not _ADDRESS.search(link[2]):
            kept.append(f"<{target}>{link[2].rstrip(_SPACE)}")
    return ", ".join(kept) or None


def _rewritten_link(target: str, addresses: Addresses) -> str | None:
    """Nobody follows a link without being asked to: one to no host at all is harmless."""
    return target if not target or target.lower().startswith(_HARMLESS) else _rewritten(target, addresses)


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
    if _TWO_READINGS.match(location):
        return None
    try:
        parts = urlsplit(location)
        port = parts.port
    except ValueError:
        return None
    if not parts.netloc:
        if parts.scheme:
            return None
        if not location.startswith("/"):
            return location  # relative to the request's own address
        path = _below_base(location, urlsplit(addresses.upstream).path)
        if path is None:
            return None
        path = urlsplit(addresses.public).path + path
        return path if path.startswith("/") else f"/{path}"  # the product's own host, and the backend's base
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
    """The path without the base path of the backend, or None where it is not below it, or may leave it again."""
    if not path.startswith(base) or _DOT_SEGMENT.search(re.split("[?#]", path, maxsplit=1)[0]):
        return None
    rest = path[len(base) :]
    if rest.startswith("//"):  # alone it would be the address of another host
        return None
    return rest if not rest or rest[0] in "/?#" else None


def _is_internal(host: str) -> bool:
    host = unicodedata.normalize("NFKC", unquote(host)).lower().rstrip(".")
    try:
        return not is_public(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        socket.inet_aton(host)
    except (OSError, UnicodeError):
        return is_internal_name(host)
    return True  # an address in disguise (127.1, 0x7f000001), which not all read alike


_REWRITES: dict[bytes, Callable[[str, Addresses], str | None]] = {
    b"location": _rewritten,
    b"content-location": _rewritten,
    b"link": _rewritten_links,
    b"refresh": _rewritten_refresh,
}
REWRITTEN = frozenset(_REWRITES)
