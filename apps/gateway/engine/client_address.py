"""Who called: the address of the client behind the proxies that this installation trusts."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache


def client_address(peer: str, forwarded_for: Sequence[bytes], *, trusted_hops: int) -> str:
    """The right-most address that no trusted proxy vouches for.

    `peer` is who connected, `forwarded_for` the `X-Forwarded-For` lines in order. Each of the last
    `trusted_hops` hops, beginning with the peer, is believed about the one before it. An entry that is no
    address ends the chain: what stands before it was written by nobody who is trusted.
    """
    address = _parsed(peer) or peer
    if trusted_hops <= 0:
        return address
    entries = b",".join(forwarded_for).split(b",")
    for entry in reversed(entries[-trusted_hops:]):
        found = _parsed(entry.decode("latin-1").strip())
        if found is None:
            break
        address = found
    return address


@lru_cache(maxsize=4096)
def _parsed(text: str) -> str | None:
    """The address in its shortest form, without port or zone, IPv4 taken out of IPv6; None if it is none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(address)
