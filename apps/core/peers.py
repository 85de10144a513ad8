"""Who is at the other end, behind the proxies that this installation trusts: one rule for web and gateway.

`TRUSTED_PROXY_HOPS` proxies stand in front of both. Each is believed about the hop before it, and nothing else
is: with no such proxy, the headers mean nothing. Pure, because the engine of the gateway uses it too.
"""

import ipaddress
from functools import lru_cache

# Where the server does not say (a Unix socket), all clients share one address.
UNKNOWN = "0.0.0.0"  # noqa: S104 - an address that no client has, not one to bind to


# Few peers make most requests: the proxies in front, and busy clients.
@lru_cache(maxsize=4096)
def bare_address(text: str) -> str | None:
    """The IP address in its shortest form; None where the text is none.

    Brackets, port and zone are taken away, and an IPv4 address that is mapped into IPv6 becomes IPv4.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def client_address(peer: str, forwarded_for: str, *, trusted_hops: int) -> str:
    """The address of the client: the right-most one that no trusted proxy stands behind.

    `peer` is who connected, `forwarded_for` the `X-Forwarded-For` lines in order, joined by commas. Each of the
    last `trusted_hops` hops, beginning with the peer, is believed about the one before it. An entry that is no
    address ends the chain: what stands before it was written by nobody who is trusted.
    """
    address = bare_address(peer) or UNKNOWN
    if trusted_hops <= 0:
        return address
    for entry in reversed(forwarded_for.split(",")[-trusted_hops:]):
        found = bare_address(entry)
        if found is None:
            break
        address = found
    return address


def client_scheme(scheme: str, forwarded_proto: str, *, trusted_hops: int) -> str:
    """`http` or `https`, as the client used it.

    `scheme` is that of the connection; with trusted proxies, the nearest of them may say better in
    `X-Forwarded-Proto`. It is the last entry: what stands before it may have come from the client.
    """
    said = forwarded_proto.rpartition(",")[2].strip().lower() if trusted_hops > 0 else ""
    return said if said in ("http", "https") else scheme
