"""In-process caches of the directory: bounded, and emptied by what changed."""

import time
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class TaggedCache(Generic[K, V]):
    """The values used last, each with the tags of what it was made from. No value grows old by itself.

    Of values that gave way or were dropped the keys are remembered, the last `size` of them.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[K, tuple[V, frozenset[str]]] = OrderedDict()
        self._keys_by_tag: dict[str, set[K]] = {}
        self._dropped: OrderedDict[K, None] = OrderedDict()

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
        self.forget_dropped(key)
        frozen = frozenset(tags)
        self._values[key] = (value, frozen)
        for tag in frozen:
            self._keys_by_tag.setdefault(tag, set()).add(key)
        if len(self._values) > self._size:
            self._drop(next(iter(self._values)))

    def drop(self, tag: str) -> None:
        """Forget every value that was made from this."""
        for key in list(self._keys_by_tag.get(tag, ())):
            self._drop(key)

    def has_dropped(self, key: K) -> bool:
        """Whether there was a value, and there is none now."""
        return key in self._dropped

    def forget_dropped(self, key: K) -> None:
        self._dropped.pop(key, None)

    def clear(self) -> None:
        self._values.clear()
        self._keys_by_tag.clear()
        self._dropped.clear()

    def _drop(self, key: K) -> None:
        self._remove(key)
        self._dropped[key] = None
        if len(self._dropped) > self._size:
            self._dropped.popitem(last=False)

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
