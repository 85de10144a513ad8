"""A backend that answers every request with `{"ok": true}`: `python -m tests.fakes.backend PORT`.

With `?up_to_ms=20`, after a random time of at most so many milliseconds.
"""

import asyncio
import random
import sys

from aiohttp import web


async def answer(request: web.Request) -> web.Response:
    await request.read()
    if longest := int(request.query.get("up_to_ms", 0)):
        await asyncio.sleep(random.uniform(0, longest) / 1000)
    return web.json_response({"ok": True})


if __name__ == "__main__":
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
