"""How entries are loaded once, kept until they change, and dropped."""

import asyncio

import pytest
from django.db import OperationalError

from apps.gateway import shelf
from apps.gateway.cache import AbsenceCache, TaggedCache
from apps.gateway.engine.ports import DirectoryUnavailable
from apps.gateway.shelf import Shelf


class Source:
    """Loads when the test lets it, and counts."""

    def __init__(self) -> None:
        self.loads = 0
        self.value: str | None = "old"
        self.error: Exception | None = None
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def load(self, key: str) -> str | None:
        self.loads += 1
        value, error = self.value, self.error
        self.begun.set()
        await self.gate.wait()
        if error is not None:
            raise error
        return value


@pytest.fixture
def source() -> Source:
    return Source()


def shelf_of(source: Source) -> Shelf[str, str]:
    return Shelf(load=source.load, tags_of=lambda _: ("tag",), size=10)


async def test_many_who_ask_at_once_share_one_load(source: Source) -> None:
    source.gate.clear()
    shop = shelf_of(source)
    asking = [asyncio.create_task(shop.find("a")) for _ in range(50)]
    await asyncio.sleep(0)
    asking[0].cancel()  # one who leaves does not take it from the others
    source.gate.set()
    assert [await task for task in asking[1:]] == ["old"] * 49
    assert source.loads == 1


async def test_what_changed_while_it_was_loaded_is_loaded_again(source: Source) -> None:
    source.gate.clear()
    entries = shelf_of(source)
    asking = asyncio.create_task(entries.find("a"))
    await source.begun.wait()
    source.value = "new"
    entries.forget("tag")
    source.gate.set()
    assert await asking == "new"
    assert await entries.find("a") == "new"
    assert source.loads == 2


async def test_what_keeps_changing_is_not_kept(source: Source) -> None:
    entries = shelf_of(source)
    original = source.load

    async def changing(key: str) -> str | None:
        entries.forget("other")
        return await original(key)

    entries._load = changing
    assert await entries.find("a") == "old"
    before = source.loads
    await entries.find("a")
    assert source.loads > before


async def test_what_does_not_exist_is_remembered_until_something_is_made(source: Source) -> None:
    source.value = None
    entries = shelf_of(source)
    assert [await entries.find("a") for _ in range(3)] == [None] * 3
    assert source.loads == 1
    source.value = "made"
    entries.forget_absent()
    assert await entries.find("a") == "made"


async def test_too_many_unknown_names_at_once_are_turned_away(source: Source) -> None:
    source.gate.clear()
    entries = shelf_of(source)
    entries_known = await _known(entries, source)
    waiting = [asyncio.create_task(entries.find(f"guess-{number}")) for number in range(shelf.LOADS_MAX)]
    await asyncio.sleep(0)
    with pytest.raises(DirectoryUnavailable):
        await entries.find("one more")
    assert await entries.find("known") == entries_known
    # What was known and has changed does not wait behind names that nobody has.
    entries.forget("tag")
    changed = asyncio.create_task(entries.find("known"))
    await asyncio.sleep(0)
    source.gate.set()
    assert await changed == "old"
    await asyncio.gather(*waiting)


async def _known(entries: Shelf[str, str], source: Source) -> str | None:
    source.gate.set()
    value = await entries.find("known")
    source.gate.clear()
    return value


async def test_an_error_is_not_remembered(source: Source) -> None:
    entries = shelf_of(source)
    source.error = OperationalError("away")
    with pytest.raises(DirectoryUnavailable):
        await entries.find("a")
    source.error = None
    assert await entries.find("a") == "old"


async def test_what_was_known_is_remembered_until_it_is_known_again_or_gone(source: Source) -> None:
    entries = shelf_of(source)
    assert not entries.knew("a")
    await entries.find("a")
    entries.forget("tag")
    assert (entries.known("a"), entries.knew("a"), entries.knew("b")) == (None, True, False)
    await entries.find("a")
    assert not entries.knew("a")
    entries.forget("tag")
    source.value = None
    await entries.find("a")
    assert not entries.knew("a")


# --- caches --------------------------------------------------------------------------------------


def test_the_least_recently_used_value_goes_first() -> None:
    cache: TaggedCache[str, int] = TaggedCache(2)
    cache.put("a", 1, ["t"])
    cache.put("b", 2, ["t"])
    cache.get("a")
    cache.put("c", 3, ["u"])
    assert [cache.get(key) for key in "abc"] == [1, None, 3]
    cache.drop("t")
    assert [cache.get(key) for key in "abc"] == [None, None, 3]
    cache.drop("u")
    assert len(cache) == 0
    assert cache._keys_by_tag == {}  # tags do not pile up


def test_as_many_dropped_keys_are_remembered_as_values_are_kept() -> None:
    cache: TaggedCache[str, int] = TaggedCache(2)
    for key in "abcde":
        cache.put(key, 1, ["t"])
    assert [cache.has_dropped(key) for key in "abcde"] == [False, True, True, False, False]
    cache.drop("t")
    assert sum(map(cache.has_dropped, "abcde")) == 2
    assert cache.has_dropped("e")
    cache.put("e", 1, ["t"])
    assert not cache.has_dropped("e")


def test_a_value_put_again_has_its_new_tags_only() -> None:
    cache: TaggedCache[str, int] = TaggedCache(2)
    cache.put("a", 1, ["old"])
    cache.put("a", 2, ["new"])
    cache.drop("old")
    assert cache.get("a") == 2


def test_absence_is_forgotten_in_time_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("apps.gateway.cache.time.monotonic", lambda: now)
    absent: AbsenceCache[str] = AbsenceCache(2, 5.0)
    for key in "abc":
        absent.add(key)
    assert [key in absent for key in "abc"] == [False, True, True]
    now = 105.0
    assert "c" not in absent
