"""The one guard on outgoing addresses: which hosts and IP addresses this installation may dial.

Used for creators' backends, and later for imports, logos and webhooks. A name is checked when it is
saved (`check_url`) and every address again when it is dialled (`check_dialled`), because DNS can
answer differently the second time. The special ranges are those of the IANA special-purpose registries.
"""

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from apps.core.errors import Invalid

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Ranges that `is_global` lets through, or that carry an IPv4 address inside an IPv6 one.
_REFUSED = [
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        "::/128", "::1/128", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23",
        "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
]  # fmt: skip

_HOSTNAME = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?"
)


class AddressRefused(Invalid):
    code = "address_refused"
    message = "This address is not on the public internet."


def is_public(address: IPAddress) -> bool:
    """Whether the address is one of the public internet."""
    return address.is_global and not any(
        address.version == network.version and address in network for network in _REFUSED
    )


def check_dialled(host: str, port: int, *, allow: Collection[str] = ()) -> None:
    """Refuse to connect to an address that is not public, unless `ip:port` is listed in `allow`.

    `host` is the IP address that is about to be dialled (after DNS). Raises `AddressRefused`.
    """
    try:
        address = ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        raise AddressRefused(f"{host} is not an IP address.") from None
    if exception_name(address, port) in allow:
        return
    if "%" in host or not is_public(address):
        raise AddressRefused(f"{address} is not a public address.")


def exception_name(address: IPAddress, port: int) -> str:
    """The form in which an exception is listed: `127.0.0.1:8000`, `[::1]:8000`."""
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def check_url(url: str, *, field: str = "url", allow: Collection[str] = ()) -> str:
    """Check the base URL of a backend when it is saved; returns it without a trailing slash.

    http or https, a host, no credentials, query or fragment; an IP address must be public or allowed.
    Raises `Invalid` (or `AddressRefused`), with `field` set.
    """
    if len(url) > 500 or any(ord(c) <= 32 or ord(c) > 126 or c in '\\"<>^`{|}' for c in url):
        raise Invalid("The address may only have the characters of a URL, 500 at most.", field=field)
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Invalid("This is not a URL.", field=field) from None
    host = (parts.hostname or "").lower()
    if parts.scheme not in ("http", "https") or not host:
        raise Invalid("Give a full address such as https://api.example.com/v1.", field=field)
    if parts.username is not None or parts.password is not None:
        raise Invalid("The address must not hold a user name or password.", field=field)
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise Invalid("The address must not have a query or a fragment.", field=field)
    if re.search(r"(?i)(^|/)(\.|%2e){1,2}(/|$)|%2f|%5c", parts.path):
        raise Invalid("The path of the address must not have dot segments.", field=field)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        _check_name(host, field)
    else:
        try:
            check_dialled(str(address), port, allow=allow)
        except AddressRefused as error:
            raise AddressRefused(error.message, field=field) from None
    return url.rstrip("/")


def _check_name(host: str, field: str) -> None:
    last = host.rstrip(".").rsplit(".", 1)[-1]
    if not _HOSTNAME.fullmatch(host) or last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last):
        raise Invalid("The host name is not valid.", field=field)
    if host.rstrip(".") == "localhost" or last in ("localhost", "local", "internal", "localdomain"):
        raise AddressRefused("This name is not one of the public internet.", field=field)
