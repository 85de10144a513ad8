"""A gateway process that lets three calls pass without Redis, settles them, says their ids, and kills itself.

`python -m tests.usage.dying FOLDER URL SUBSCRIPTION PRODUCT ENDPOINT KEY`
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

import django


async def main(folder: str, url: str, *ids: str) -> None:
    from apps.core.ids import uuid7
    from apps.usage.counters.client import CountersClient
    from apps.usage.counters.types import CallOutcome, CallSpec, Reservation

    subscription, product, endpoint, key = map(int, ids)
    client = CountersClient(url, spool_folder=Path(folder))
    await client.start()
    for _ in range(3):
        spec = CallSpec(uuid7(), subscription, product, endpoint, key, 0, 1, (), (), "GET", "/spooled")
        reservation = await client.reserve(spec)
        assert isinstance(reservation, Reservation)
        await client.settle(reservation, CallOutcome(200, "completed", 1, 1, 1, 1, 1))
        print(spec.event_id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    django.setup()
    asyncio.run(main(*sys.argv[1:]))
