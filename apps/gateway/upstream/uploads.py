"""The body of a request on its way out, while the answer may already come in."""

from collections.abc import AsyncIterator, Callable

from apps.gateway.upstream.connection import Connection


async def send_body(
    connection: Connection, body: AsyncIterator[bytes], *, is_chunked: bool, taken: Callable[[], None]
) -> None:
    """Send every piece as it comes; `taken` is called when one was taken from whoever gives them.

    A body that breaks off ends the connection: what the backend got must not look whole. Why it broke off is known
    to whoever made it.
    """
    try:
        async for piece in body:
            taken()
            await connection.write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
        taken()
        if is_chunked:
            await connection.write(b"0\r\n\r\n")
    except Exception:  # noqa: BLE001 - see above
        connection.abort()
    except BaseException:
        connection.abort()
        raise
    else:
        connection.sent()
