"""In-process caches of the directory: bounded, and emptied by what changed."""

import time
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class TaggedCache(Generic[K, V]):
    """The values used last, each with the tags of what it was made from. No value grows old by itself."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[K, tuple[V, frozenset[str]]] = OrderedDict()
        self._keys_by_tag: dict[str, set[K]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K) -> V | None:
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, tags: Iterable[str]) -> None:
        self._remove(key)
        frozen = frozenset(tags)
        self._values[key] = (value, frozen)
        for tag in frozen:
            self._keys_by_tag.setdefault(tag, set()).add(key)
        if len(self._values) > self._size:
            self._remove(next(iter(self._values)))

    def drop(self, tag: str) -> None:
        """Forget every value that was made from this."""
        for key in list(self._keys_by_tag.get(tag, ())):
            self._remove(key)

    def clear(self) -> None:
        self._values.clear()
        self._keys_by_tag.clear()

    def _remove(self, key: K) -> None:
        found = self._values.pop(key, None)
        if found is None:
            return
        for tag in found[1]:
            keys = self._keys_by_tag[tag]
            keys.discard(key)
            if not keys:
                del self._keys_by_tag[tag]


class AbsenceCache(Generic[K]):
    """What was looked for and does not exist, for a short time: keys that are tried again and again."""

    def __init__(self, size: int, seconds: float) -> None:
        self._size = size
        self._seconds = seconds
        self._until: OrderedDict[K, float] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        return self._until.get(key, 0.0) > time.monotonic()

    def add(self, key: K) -> None:
        self._until.pop(key, None)
        self._until[key] = time.monotonic() + self._seconds
        if len(self._until) > self._size:
            self._until.popitem(last=False)

    def clear(self) -> None:
        self._until.clear()
