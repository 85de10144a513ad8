"""The one HTTP client of the control plane: it fetches what people name (a document, a logo) and trusts nobody.

The address guard stands at the socket: each address that DNS gave is checked when it is about to be dialled, at every
redirect anew. No proxy of the environment, no cookies, no decompression; size, time and redirects are capped. Never
call it inside a database transaction.
"""

import asyncio
import errno
import re
import socket
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import aiohttp
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from yarl import URL

from apps.core.addresses import URL_MAX, AddressRefused, check_dialled, check_url, origins
from apps.core.errors import Invalid
from apps.core.resolving import guarded_resolver

if TYPE_CHECKING:
    from aiohttp.connector import AddrInfoType

REDIRECTS_MAX = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK = 65_536
_QUERY = re.compile(r"[!-~]*")
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "api-factory"}


class FetchFailed(Invalid):
    """The other side could not be reached, was too slow, or answered what cannot be used."""

    code = "fetch_failed"
    message = gettext_noop("The address could not be read.")


@dataclass(frozen=True, slots=True)
class Fetched:
    """`url` is where the body came from in the end."""

    url: str
    body: bytes


def fetch(url: str, *, max_bytes: int, seconds: float, allow: Collection[str] = (), field: str = "url") -> Fetched:
    """GET the address and return the body of a 200.

    `allow` lists exceptions (`ip:port`, `ip:port/path`) from the rule that only public addresses are dialled;
    `seconds` is for everything together. Raises `AddressRefused` and `Invalid` for addresses, `FetchFailed` for what
    came of it.
    """
    check_fetchable(url, allow=allow, field=field)
    try:
        return asyncio.run(_fetch(url, max_bytes, seconds, frozenset(allow), field))
    except TimeoutError:
        raise FetchFailed(
            _("No complete answer came within %(seconds)d seconds.") % {"seconds": seconds}, field=field
        ) from None
    except aiohttp.ClientConnectorError as error:
        if error.os_error.errno == errno.EACCES:
            raise AddressRefused(str(error.os_error.strerror), field=field) from None
        raise FetchFailed(_("No connection to %(host)s could be made.") % {"host": error.host}, field=field) from None
    except (aiohttp.ClientError, ValueError, OSError):
        raise FetchFailed(_("The answer could not be read as HTTP."), field=field) from None


def check_fetchable(url: str, *, allow: Collection[str] = (), field: str = "url") -> None:
    """Raises `Invalid` for an address that is never fetched; unlike that of a backend it may have a query."""
    address, _mark, query = url.partition("?")
    if len(url) > URL_MAX or not _QUERY.fullmatch(query):
        raise Invalid(
            _("An address has the characters of a URL and %(longest)d at most.") % {"longest": URL_MAX}, field=field
        )
    check_url(address.partition("#")[0], field=field, allow=allow)


async def _fetch(url: str, max_bytes: int, seconds: float, allow: frozenset[str], field: str) -> Fetched:
    dialled = origins(allow)

    def guarded_socket(address_info: "AddrInfoType") -> socket.socket:
        family, kind, protocol, _canonical, address = address_info
        try:
            check_dialled(str(address[0]), int(address[1]), allow=dialled)
        except AddressRefused as error:
            raise OSError(errno.EACCES, error.message) from None
        return socket.socket(family, kind, protocol)

    connector = aiohttp.TCPConnector(socket_factory=guarded_socket, resolver=guarded_resolver(allow), force_close=True)
    async with (
        asyncio.timeout(seconds),
        aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False
        ) as session,
    ):
        for _hop in range(REDIRECTS_MAX + 1):
            target = URL(url.partition("#")[0], encoded=True)
            async with session.get(target, allow_redirects=False, headers=_HEADERS) as answer:
                if answer.status in _REDIRECTS and "Location" in answer.headers:
                    url = urljoin(url, answer.headers["Location"])
                    check_fetchable(url, allow=allow, field=field)
                    continue
                return Fetched(url, await _body(answer, max_bytes, field))
    raise FetchFailed(
        _("The address leads on to others more than %(most)d times.") % {"most": REDIRECTS_MAX}, field=field
    )


async def _body(answer: aiohttp.ClientResponse, max_bytes: int, field: str) -> bytes:
    if answer.status != 200:
        raise FetchFailed(
            _("The address answered with status %(status)d instead of a document.") % {"status": answer.status},
            field=field,
        )
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchFailed(_("The answer is compressed although that was not asked for."), field=field)
    body = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > max_bytes:
            raise FetchFailed(_("The answer is larger than %(most)s bytes.") % {"most": f"{max_bytes:,}"}, field=field)
    return bytes(body)
