"""Who called: the address of the client behind the proxies that this installation trusts."""

from collections.abc import Sequence
from functools import lru_cache

from apps.core.peers import bare_address

# Few peers make most calls: the proxies in front, and busy clients.
_parsed = lru_cache(maxsize=4096)(bare_address)


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
        found = _parsed(entry.decode("latin-1"))
        if found is None:
            break
        address = found
    return address
