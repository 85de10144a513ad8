"""Entries of one kind as a process knows them: loaded once for all who wait, kept until they change."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Generic, TypeVar

from django.db import DatabaseError

from apps.gateway.cache import AbsenceCache, TaggedCache
from apps.gateway.engine.ports import DirectoryUnavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

ABSENT_MAX = 10_000
ABSENT_SECONDS = 5.0
# More loads at once than this: somebody tries names that do not exist, and those who have one must not wait. What was
# known before, and has changed, is loaded all the same.
LOADS_MAX = 200
_ATTEMPTS = 3


class Shelf(Generic[K, V]):
    """`load` reads an entry, `tags_of` names the topics whose changes make it stale."""

    def __init__(
        self, *, load: Callable[[K], Awaitable[V | None]], tags_of: Callable[[V], Iterable[str]], size: int
    ) -> None:
        self._load = load
        self._tags_of = tags_of
        self._known: TaggedCache[K, V] = TaggedCache(size)
        self._absent: AbsenceCache[K] = AbsenceCache(ABSENT_MAX, ABSENT_SECONDS)
        self._loads: dict[K, asyncio.Task[V | None]] = {}
        self._changes = 0

    def known(self, key: K) -> V | None:
        return self._known.get(key)

    def knew(self, key: K) -> bool:
        """Whether it was known once, and dropped since: as many of those are remembered as entries are kept."""
        return self._known.has_dropped(key)

    def __len__(self) -> int:
        """How many entries are known."""
        return len(self._known)

    async def find(self, key: K) -> V | None:
        """Raises `DirectoryUnavailable` where the entry is not known and cannot be loaded."""
        value = self._known.get(key)
        if value is not None or key in self._absent:
            return value
        load = self._loads.get(key)
        if load is None:
            if len(self._loads) >= LOADS_MAX and not self.knew(key):
                raise DirectoryUnavailable("too many unknown names at once")
            load = self._loads[key] = asyncio.create_task(self._load_and_keep(key))
            load.add_done_callback(lambda done: self._loaded(key, done))
        # Others wait for the same load: one of them leaving must not cancel it.
        return await asyncio.shield(load)

    def forget(self, tag: str) -> None:
        """Drop what was made from this, and what is being loaded: it may have been read before the change."""
        self._changes += 1
        self._known.drop(tag)

    def forget_absent(self) -> None:
        self._absent.clear()

    async def stop(self) -> None:
        await asyncio.gather(*self._loads.values(), return_exceptions=True)

    async def _load_and_keep(self, key: K) -> V | None:
        value = None
        for _ in range(_ATTEMPTS):
            changes = self._changes
            try:
                value = await self._load(key)
            except (DatabaseError, OSError, TimeoutError) as error:
                raise DirectoryUnavailable(f"{type(error).__name__}: {error}") from error
            if changes == self._changes:
                self._keep(key, value)
                break
        return value

    def _keep(self, key: K, value: V | None) -> None:
        if value is None:
            self._absent.add(key)
            self._known.forget_dropped(key)
        else:
            self._known.put(key, value, self._tags_of(value))

    def _loaded(self, key: K, load: "asyncio.Task[V | None]") -> None:
        del self._loads[key]
        if not load.cancelled():
            load.exception()  # seen, even where everybody who waited has left
