"""Keys that do not exist, counted by where they come from, so that guessing keys is slow.

What counts is a key that nobody has, well formed or not. A call without a key is no guess, and a key that this process
knows, or knew, passes whoever else calls from the same network: only a key that it never found is refused.
"""

import ipaddress
import time
from collections import OrderedDict
from functools import lru_cache
from typing import TypeVar

_V = TypeVar("_V")

# Networks that are counted at once; the one that failed longest ago gives way.
NETWORKS_MAX = 10_000
WINDOW_SECONDS = 60
# Who gets a single IPv6 address has a network of them.
_IPV6_PREFIX = 64


@lru_cache(maxsize=1024)
def network_of(client_ip: str) -> str:
    """The address of an IPv4 client, the /64 of an IPv6 client."""
    try:
        address = ipaddress.ip_address(client_ip)
    except ValueError:
        return client_ip
    if address.version == 4:
        return client_ip
    return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))


class Guesses:
    """The count of one process; `limit` failures within a window, 0: as many as one likes."""

    def __init__(self, limit: int = 0) -> None:
        self.limit = limit
        # Network → until when, by the monotonic clock. Empty nearly always, and looked at with every call.
        self.blocked: OrderedDict[str, float] = OrderedDict()
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()  # when the window ends, how many in it

    def blocked_seconds(self, client_ip: str) -> float:
        """For how long unknown keys from there are refused; 0 where they are not."""
        now = time.monotonic()
        # About the oldest first: so that none keeps its place, and the table is empty again soon.
        while self.blocked and (oldest := next(iter(self.blocked.items())))[1] <= now:
            del self.blocked[oldest[0]]
        return max(0.0, self.blocked.get(network_of(client_ip), 0.0) - now)

    def failed(self, client_ip: str) -> None:
        """A key came from there that nobody has."""
        if not self.limit:
            return
        network, now = network_of(client_ip), time.monotonic()
        ends, count = self._failures.pop(network, (0.0, 0))
        if ends <= now:
            ends, count = now + WINDOW_SECONDS, 0
        _put(self._failures, network, (ends, count + 1))
        if count + 1 >= self.limit:
            self.block(network, ends - now)

    def block(self, network: str, seconds: float) -> None:
        _put(self.blocked, network, time.monotonic() + seconds)


def _put(table: OrderedDict[str, _V], network: str, value: _V) -> None:
    table.pop(network, None)
    table[network] = value
    if len(table) > NETWORKS_MAX:
        table.popitem(last=False)
