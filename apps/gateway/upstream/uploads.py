"""The body of a request on its way out, while the answer may already come in."""

from collections.abc import AsyncIterator
from math import inf

from apps.gateway.upstream.answer import Answer
from apps.gateway.upstream.connection import Connection


async def send_body(
    connection: Connection, body: AsyncIterator[bytes], *, is_chunked: bool, answer: Answer, seconds: float
) -> None:
    """Send every piece as it comes. The backend has `seconds` to begin its answer from each piece on, or the end, and
    none of them pass while the next piece is not there: that is the client's time.

    A body that breaks off ends the connection: what the backend got must not look whole. Why it broke off is known
    to whoever made it.
    """
    try:
        answer.more_time(inf)
        async for piece in body:
            answer.more_time(seconds)
            await connection.write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
            answer.more_time(inf)
        answer.more_time(seconds)
        if is_chunked:
            await connection.write(b"0\r\n\r\n")
    except Exception:  # noqa: BLE001 - see above
        connection.abort()
    except BaseException:
        connection.abort()
        raise
    else:
        connection.sent()
