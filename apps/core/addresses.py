"""The one guard on outgoing addresses: which hosts and IP addresses this installation may dial.

A name is checked when it is saved (`check_url`) and every address again when it is dialled (`check_dialled`), because
DNS can answer differently the second time. The special ranges are those of the IANA special-purpose registries.
"""

import ipaddress
import re
from collections.abc import Collection
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.core.errors import Invalid

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

URL_MAX = 500
# The only IPv6 block that holds addresses of the public internet.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# Ranges that `is_global` lets through in some version of Python, or that carry an IPv4 address inside.
_REFUSED = [
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
    )
]  # fmt: skip

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_HOSTNAME = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)*[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?\.?")
# Dot segments, hidden slashes, escapes that are none.
_AMBIGUOUS = re.compile(r"(?i)(^|/)(\.|%2e){1,2}(/|$)|%2f|%5c|%00|%(?![0-9a-f]{2})")
# A last label that makes resolvers read the whole name as a number of an IPv4 address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Names that are answered inside a network, never by the public DNS.
_INTERNAL = re.compile(
    r"(?:.*\.)?(?:localhost|local|localdomain|internal|intranet|private|corp|home|lan|svc|home\.arpa)"
)


class AddressRefused(Invalid):
    code = "address_refused"
    message = gettext_noop("This address is not on the public internet. Give one that everybody can reach.")


def is_public(address: IPAddress) -> bool:
    """Whether the address is one of the public internet."""
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not any(
        address.version == network.version and address in network for network in _REFUSED
    )


def is_internal_name(host: str) -> bool:
    """Whether a host name, in lower case, is answered inside a network only."""
    return "." not in host or _INTERNAL.fullmatch(host) is not None


def check_dialled(host: str, port: int, *, path: str = "", allow: Collection[str] = ()) -> None:
    """Refuse to connect to an address that is not public, unless it is listed in `allow`.

    `host` is the IP address that is about to be dialled (after DNS). An exception is `ip:port`, or `ip:port/path` for
    what is at and below that path alone. Raises `AddressRefused`.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise AddressRefused(_("%(host)s is not an IP address.") % {"host": host}) from None
    zoned = getattr(address, "scope_id", None) is not None
    if not zoned and (is_public(address) or _is_exception(exception_name(address, port), path, allow)):
        return
    raise AddressRefused(_("%(address)s is not an address of the public internet.") % {"address": address})


def check_asked(url: str, *, allow: Collection[str]) -> None:
    """Refuse a request beyond the path of an exception; names are judged where they are resolved and dialled.

    `url` is the whole address that is asked for. Raises `AddressRefused`.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    check_dialled(host, parts.port or (443 if parts.scheme == "https" else 80), path=parts.path, allow=allow)


def is_limited(exception: str) -> bool:
    """Whether an exception is for some of the paths of its address alone."""
    return "/" in exception


def origins(allow: Collection[str]) -> frozenset[str]:
    """The exceptions without their paths: what may be dialled, once `check_asked` has seen what is asked for."""
    return frozenset(entry.partition("/")[0] for entry in allow)


def _is_exception(name: str, path: str, allow: Collection[str]) -> bool:
    if name in allow:
        return True
    limits = [entry.rstrip("/") for entry in allow if entry.startswith(f"{name}/")]
    return not _AMBIGUOUS.search(path) and any(
        f"{name}{path}" == limit or f"{name}{path}".startswith(f"{limit}/") for limit in limits
    )


def exception_name(address: IPAddress, port: int) -> str:
    """The form in which an exception is listed: `127.0.0.1:8000`, `[::1]:8000`."""
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def check_url(url: Any, *, field: str = "url", allow: Collection[str] = ()) -> str:
    """Check the base URL of a backend when it is saved; returns it without a trailing slash.

    http or https, a host with a dot or an IP address, no credentials, query or fragment. An IP address must be
    public or allowed; a name is looked up when it is dialled. Scheme and host come back in lower case.
    Raises `Invalid` (or `AddressRefused`), with `field` set.
    """
    if (
        not isinstance(url, str)
        or len(url) > URL_MAX
        or not re.fullmatch(r"[!-~]*", url)
        or set(url) & set('\\"<>^`{|}')
    ):
        raise Invalid(
            _("An address has the characters of a URL and %(longest)d at most.") % {"longest": URL_MAX}, field=field
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Invalid(_("This is not a URL. Check the host and the port."), field=field) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid(_("Give a full address such as https://api.example.com/v1."), field=field)
    if port == 0 or parts.netloc.endswith(":"):
        raise Invalid(_("The port must be a number from 1 to 65535."), field=field)
    if parts.username is not None or parts.password is not None:
        raise Invalid(_("The address must not hold a user name or password."), field=field)
    if "?" in url or "#" in url:
        raise Invalid(_("The address must not have a query or a fragment."), field=field)
    _check_path(parts.path, field)
    _check_host(parts, port or (443 if parts.scheme == "https" else 80), field, allow)
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _check_path(path: str, field: str) -> None:
    """Refuse what a backend could read as another path than the one that is written."""
    if _AMBIGUOUS.search(path):
        raise Invalid(_("The path of the address must not have dot segments or hidden slashes."), field=field)


def _check_host(parts: SplitResult, port: int, field: str, allow: Collection[str]) -> None:
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        _check_name(host, field)
        return
    try:
        check_dialled(host, port, path=parts.path, allow=allow)
    except AddressRefused as error:
        raise AddressRefused(error.message, field=field) from None


def _check_name(host: str, field: str) -> None:
    name = host.removesuffix(".")
    if not _HOSTNAME.fullmatch(host) or _NUMBER.fullmatch(name.rpartition(".")[2]):
        raise Invalid(_("The host name is not valid."), field=field)
    if "." not in name or _INTERNAL.fullmatch(name):
        raise AddressRefused(_("%(host)s is not a name of the public internet.") % {"host": host}, field=field)
