"""DNS for the HTTP clients that may dial a few private addresses."""

import errno
import ipaddress
import socket
from collections.abc import Collection

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

from apps.core.addresses import exception_name, is_limited


def guarded_resolver(allow: Collection[str], inner: AbstractResolver | None = None) -> AbstractResolver | None:
    """The resolver for a client with these exceptions: `inner`, or None for the usual one, where it needs no guard.

    Made in the loop in which it is used.
    """
    limited = frozenset(entry.partition("/")[0] for entry in allow if is_limited(entry))
    return _GuardedResolver(limited, inner or DefaultResolver()) if limited else inner


class _GuardedResolver(AbstractResolver):
    """Hides what may only be asked for some of its paths from names: such an exception is for its very address.

    Where a socket is made the path is not known any more, and before that it is not known where a name leads.
    """

    def __init__(self, limited: Collection[str], inner: AbstractResolver) -> None:
        self._limited = limited
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        kept = [one for one in found if exception_name(ipaddress.ip_address(one["host"]), port) not in self._limited]
        if found and not kept:
            raise OSError(errno.EACCES, f"{found[0]['host']} is not an address of the public internet.")
        return kept

    async def close(self) -> None:
        await self._inner.close()
