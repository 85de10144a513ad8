"""Making a connection: DNS, the guard on addresses, TCP, TLS.

What is checked is the very address that is dialled, after DNS: a name that answers differently the second time
gains nothing. The connection is made to that address, never to the name.
"""

import asyncio
import ssl
from collections.abc import Callable, Collection

from aiohttp.abc import AbstractResolver
from aiohttp.resolver import DefaultResolver

from apps.core.addresses import AddressRefused, check_dialled, origins
from apps.core.resolving import guarded_resolver
from apps.gateway.engine.ports import UpstreamTimeout, UpstreamUnreachable
from apps.gateway.upstream.connection import Connection
from apps.gateway.upstream.names import Names
from apps.gateway.upstream.origin import Origin


class Dialer:
    """Made in the loop in which it is used."""

    def __init__(self, *, allow: Collection[str], resolver: AbstractResolver | None) -> None:
        """`allow` lists exceptions (`ip:port`, `ip:port/path`) from the rule that only public addresses are dialled."""
        self._dialled = origins(allow)
        self._names = Names(guarded_resolver(allow, resolver) or DefaultResolver())
        self._tls = ssl.create_default_context()

    async def close(self) -> None:
        await self._names.close()

    async def dial(self, origin: Origin, make: Callable[[], Connection], *, connect_seconds: float) -> Connection:
        """Raises `UpstreamUnreachable` or `UpstreamTimeout`."""
        try:
            async with asyncio.timeout(connect_seconds):
                return await self._dial(origin, make)
        except TimeoutError:
            raise UpstreamTimeout("The backend did not accept a connection in time.") from None

    async def _dial(self, origin: Origin, make: Callable[[], Connection]) -> Connection:
        loop, failure = asyncio.get_running_loop(), "The name of the backend has no address."
        for address in await self._names.addresses(origin):
            try:
                check_dialled(address, origin.port, allow=self._dialled)
                _, connection = await loop.create_connection(
                    make,
                    address,
                    origin.port,
                    ssl=self._tls if origin.is_tls else None,
                    server_hostname=origin.host if origin.is_tls else None,
                )
            except (OSError, AddressRefused) as error:
                failure = str(error)
            else:
                connection.bound_buffers()
                return connection
        raise UpstreamUnreachable(failure)
