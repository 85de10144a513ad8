"""Products and keys as this process knows them: loaded from Postgres once, dropped when they change.

A known key needs no Postgres. What is not known and cannot be loaded is not guessed: `DirectoryUnavailable`.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import NamedTuple, TypeVar

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections

from apps.core import clock
from apps.gateway import selectors
from apps.gateway.engine.entities import KeyEntry, MockAnswer, ProductEntry
from apps.gateway.feed import POLL_SECONDS, ChangeFeed
from apps.gateway.plans import PlanMemo
from apps.gateway.shelf import Shelf

T = TypeVar("T")

PRODUCTS_MAX = 2_000
PLANS_MAX = 2_000
# Examples of single endpoints, 256 KiB at most each, loaded when a test key asks for one.
MOCKS_MAX = 200
# Threads that read the database, each with a connection of its own.
THREADS = 4
READ_SECONDS = 3.0


class _Mock(NamedTuple):
    product_id: int
    answer: MockAnswer


class OrmDirectory:
    """Implements `engine.ports.Directory`. `start` and `stop` run in the loop that uses it."""

    def __init__(self, *, redis_url: str, poll_seconds: float = POLL_SECONDS) -> None:
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="gateway-directory")
        self._products: Shelf[str, ProductEntry] = Shelf(
            load=lambda slug: self.in_thread(partial(selectors.find_product, slug)),
            tags_of=_tags_of_product,
            size=PRODUCTS_MAX,
        )
        self._plans = PlanMemo(PLANS_MAX)
        self._keys: Shelf[bytes, KeyEntry] = Shelf(
            load=lambda digest: self.in_thread(partial(selectors.find_key, digest, self._plans.find)),
            tags_of=_tags_of_key,
            size=settings.GATEWAY_KEYS_MAX,
        )
        self._mocks: Shelf[tuple[int, int], _Mock] = Shelf(
            load=lambda key: self.in_thread(partial(_load_mock, *key)),
            tags_of=lambda mock: (f"product:{mock.product_id}",),
            size=MOCKS_MAX,
        )
        self._feed = ChangeFeed(
            redis_url=redis_url,
            read_changes=lambda since: self.in_thread(partial(selectors.list_changes, since)),
            on_change=self._forget,
            poll_seconds=poll_seconds,
        )
        self._clock_offset = dt.timedelta()
        self._clock_reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._read_clock()
        await self._feed.start()

    async def stop(self) -> None:
        await self._feed.stop()
        await self._products.stop()
        await self._keys.stop()
        await self._mocks.stop()
        if self._clock_reading is not None:
            await self._clock_reading
        await asyncio.to_thread(self._close_connections)
        self._executor.shutdown()

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self._clock_offset

    @property
    def has_read(self) -> bool:
        """Whether Postgres answered at least once."""
        return self._feed.has_read

    @property
    def is_reading(self) -> bool:
        """Whether Postgres answered the last time that it was asked for changes."""
        return self._feed.is_reading

    def known_product(self, slug: str) -> ProductEntry | None:
        return self._products.known(slug)

    def known_key(self, digest: bytes) -> KeyEntry | None:
        return self._keys.known(digest)

    def knew_key(self, digest: bytes) -> bool:
        return self._keys.knew(digest)

    @property
    def sizes(self) -> dict[str, int]:
        """How many entries of each kind are known."""
        return {"products": len(self._products), "keys": len(self._keys), "mocks": len(self._mocks)}

    async def find_product(self, slug: str) -> ProductEntry | None:
        return await self._products.find(slug)

    async def find_key(self, digest: bytes) -> KeyEntry | None:
        return await self._keys.find(digest)

    async def find_mock(self, product_id: int, endpoint_id: int) -> MockAnswer | None:
        found = await self._mocks.find((product_id, endpoint_id))
        return found.answer if found else None

    async def in_thread(self, read: Callable[[], T]) -> T:
        """Run a read of the database. Raises what it raises, and TimeoutError."""

        def run() -> T:
            close_old_connections()
            return read()

        async with asyncio.timeout(READ_SECONDS):
            return await asyncio.get_running_loop().run_in_executor(self._executor, run)

    def _forget(self, topic: str) -> None:
        kind = topic.partition(":")[0]
        if kind == "clock":
            self._clock_reading = asyncio.create_task(self._read_clock())
        if kind == "product":
            self._products.forget_absent()
            self._mocks.forget_absent()
        if kind == "key":
            self._keys.forget_absent()
        self._products.forget(topic)
        self._keys.forget(topic)
        self._mocks.forget(topic)

    async def _read_clock(self) -> None:
        if settings.SANDBOX_CLOCK:
            with contextlib.suppress(DatabaseError, OSError, TimeoutError):
                self._clock_offset = await self.in_thread(clock.refresh)

    def _close_connections(self) -> None:
        """Close the database connection of every thread: each waits until all of them are here."""
        barrier = Barrier(THREADS)

        def close() -> None:
            barrier.wait(READ_SECONDS)
            connections.close_all()

        for closing in [self._executor.submit(close) for _ in range(THREADS)]:
            closing.exception()  # a thread that hangs in a query keeps its connection


def _load_mock(product_id: int, endpoint_id: int) -> _Mock | None:
    answer = selectors.find_mock(endpoint_id)
    return _Mock(product_id, answer) if answer else None


def _tags_of_product(product: ProductEntry) -> Iterable[str]:
    return (f"product:{product.id}",)


def _tags_of_key(key: KeyEntry) -> Iterable[str]:
    entitlement = key.entitlement
    return (
        f"key:{key.id}",
        f"subscription:{entitlement.subscription_id}",
        f"plan:{entitlement.plan_id}",
        f"product:{entitlement.product_id}",
        f"organization:{entitlement.organization_id}",
    )
