"""Redis is away: calls without a quota go on, and each of them is one row in the end."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.usage.counters.client import CountersClient
from apps.usage.counters.fallback import LocalWindow
from apps.usage.counters.journal import JournalEntry
from apps.usage.counters.spool import Spool, SpoolUnusable, decode, encode
from apps.usage.counters.tuning import Tuning
from apps.usage.counters.types import MeteringUnavailable, Refusal, Settlement
from apps.usage.meter.runner import Meter
from apps.usage.models import UsageEvent
from config.embedded.valkey import EmbeddedValkey
from tests.own_servers import kill
from tests.usage.conftest import Orm
from tests.usage.support import Consumer, come_to_rest, drain, eventually, outcome, rate, reserved

NOBODY = "redis://127.0.0.1:1/0"


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def call(client: CountersClient, consumer: Consumer) -> Settlement:
    reservation = reserved(await client.reserve(consumer.call(quotas=())))
    return await client.settle(reservation, outcome())


class TestOutage:
    async def test_calls_without_a_quota_go_on_and_every_one_is_stored_once(
        self, consumer: Consumer, tuning: Tuning, valkey: EmbeddedValkey, orm: Orm, tmp_path: Path
    ) -> None:
        async with CountersClient(valkey.url, tuning=tuning, spool_folder=tmp_path) as client:
            assert await call(client, consumer) is Settlement.SETTLED
            early = reserved(await client.reserve(consumer.call()))
            assert files(tmp_path) == []
            kill(valkey)
            settled = await asyncio.gather(*(call(client, consumer) for _ in range(20)))
            assert set(settled) == {Settlement.DEFERRED}
            # A call under a quota that began before is written down, too.
            assert await client.settle(early, outcome()) is Settlement.DEFERRED
            assert client.spooled == 21
            late = reserved(await client.reserve(consumer.call(quotas=())))
            assert client.local_calls >= 21
            valkey.start()
            meter = Meter(valkey.url, tuning=replace(tuning, complete_seconds=0.0))
            await meter.start()
            await eventually(lambda: client.is_available)
            assert await client.settle(late, outcome()) in (Settlement.SETTLED, Settlement.DEFERRED)
            await come_to_rest(client, meter)
            assert await orm(consumer.rows) == 23
            assert client.spooled == 0
            assert files(tmp_path) == []
            await meter.stop()

    async def test_a_quota_is_not_guessed_and_its_callers_do_not_wait(
        self, consumer: Consumer, tuning: Tuning, valkey: EmbeddedValkey, tmp_path: Path
    ) -> None:
        async with CountersClient(valkey.url, tuning=tuning, spool_folder=tmp_path) as client:
            await client.reserve(consumer.call())
            kill(valkey)
            await eventually(lambda: not client.is_available)
            # Refused within one turn of the loop: nothing is waited for.
            refused = asyncio.ensure_future(client.reserve(consumer.call()))
            await asyncio.sleep(0)
            assert refused.done()
            with pytest.raises(MeteringUnavailable):
                refused.result()

    async def test_a_server_that_hangs_is_not_waited_for(
        self, consumer: Consumer, tuning: Tuning, valkey: EmbeddedValkey, orm: Orm, tmp_path: Path
    ) -> None:
        """The server may have carried out what nobody heard of: the call goes on, and is counted once."""
        async with CountersClient(valkey.url, tuning=tuning, spool_folder=tmp_path) as client:
            await call(client, consumer)
            assert valkey.process is not None
            valkey.process.send_signal(signal.SIGSTOP)
            try:
                for _ in range(3):
                    assert await call(client, consumer) is Settlement.DEFERRED
            finally:
                valkey.process.send_signal(signal.SIGCONT)
            meter = Meter(valkey.url, tuning=replace(tuning, complete_seconds=0.0))
            await meter.start()
            await come_to_rest(client, meter)
            assert await orm(consumer.rows) == 4
            assert client.counts()["in_flight"] == 0
            assert files(tmp_path) == []
            await meter.stop()

    async def test_limits_hold_in_this_process(self, consumer: Consumer, tuning: Tuning, tmp_path: Path) -> None:
        async with CountersClient(NOBODY, tuning=tuning, spool_folder=tmp_path) as client:
            rates = (rate(3, 60_000),)
            answers = [await client.reserve(consumer.call(quotas=(), rates=rates)) for _ in range(5)]
            refusal = answers[3]
            assert isinstance(refusal, Refusal)
            assert refusal.rates[0].remaining == 0
            assert 59 <= refusal.retry_after_seconds <= 61
            assert [reserved(answer).rates[0].remaining for answer in answers[:3]] == [2, 1, 0]
            spec = consumer.call(quotas=(), max_concurrent=1)
            spec = replace(spec, subscription_id=spec.subscription_id + 64)
            one = reserved(await client.reserve(spec))
            assert isinstance(await client.reserve(spec), Refusal)
            await client.settle(one, outcome())
            reserved(await client.reserve(spec))

    async def test_without_a_place_for_it_nothing_passes(
        self, consumer: Consumer, tuning: Tuning, tmp_path: Path
    ) -> None:
        async with CountersClient(NOBODY, tuning=tuning) as client:
            with pytest.raises(MeteringUnavailable):
                await client.reserve(consumer.call(quotas=()))
            assert (client.spool_is_ready, client.can_count_alone) == (None, False)
        blocked = tmp_path / "file"
        blocked.touch()
        with pytest.raises(SpoolUnusable, match=r"USAGE_SPOOL_DIR: .*/file/spool cannot be written to"):
            await CountersClient(NOBODY, tuning=tuning, spool_folder=blocked / "spool").start()


class TestDeath:
    async def test_the_next_process_brings_what_a_killed_one_had_counted(
        self, consumer: Consumer, tuning: Tuning, meter: Meter, orm: Orm, tmp_path: Path
    ) -> None:
        spec = consumer.call()
        ids = map(str, (spec.subscription_id, spec.product_id, spec.endpoint_id, spec.api_key_id))
        command = [sys.executable, "-m", "tests.usage.dying", str(tmp_path), NOBODY, *ids]
        died = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
        assert died.returncode == -signal.SIGKILL, died.stderr
        acknowledged = set(died.stdout.split())
        assert len(acknowledged) == 3
        (name,) = files(tmp_path)
        # It died in the middle of a fourth line.
        with (tmp_path / name).open("ab") as file:
            file.write(encode(decode((tmp_path / name).read_bytes().splitlines()[0]))[:20])
        copy = (tmp_path / name).read_bytes()
        async with CountersClient(tuning=tuning, spool_folder=tmp_path) as client:
            await eventually(lambda: client.spooled == 3)
            await come_to_rest(client, meter)
            assert files(tmp_path) == []
            # Brought a second time, as by a process that died between the replay and the end of the file.
            (tmp_path / name).write_bytes(copy)
            await eventually(lambda: client.spooled == 3)
            await come_to_rest(client, meter)
            await eventually(lambda: files(tmp_path) == [])
        await drain(meter)
        stored = await orm(lambda: list(UsageEvent.objects.values_list("id", flat=True)))
        assert sorted(map(str, stored)) == sorted(acknowledged)

    async def test_a_process_that_ends_without_redis_leaves_its_events_on_the_disk(
        self, consumer: Consumer, tuning: Tuning, meter: Meter, orm: Orm, tmp_path: Path
    ) -> None:
        async with CountersClient(NOBODY, tuning=tuning, spool_folder=tmp_path) as client:
            await call(client, consumer)
        assert len(files(tmp_path)) == 1
        async with CountersClient(tuning=tuning, spool_folder=tmp_path) as client:
            await eventually(lambda: client.counts()["deferred"] + client.counts()["held"] == 1)
            await come_to_rest(client, meter)
            assert files(tmp_path) == []
        assert await orm(consumer.rows) == 1


class TestFiles:
    def entry(self, number: int = 1) -> JournalEntry:
        return JournalEntry(
            shard=number % 64, event_id=f"{number:032x}", occurred_ms=1, counters=("a", "b"), reserved_units=3,
            billed_units=2, event='{"a":"é\\n"}', reservation_generation="x", slots="s",
        )  # fmt: skip

    def test_a_line_is_read_as_it_was_written(self) -> None:
        entry, line = self.entry(), encode(self.entry())
        again = decode(line.removesuffix(b"\n"))
        assert encode(again) == line
        assert (again.counters, again.event, again.slots) == (entry.counters, entry.event, "s")
        assert (again.replays, again.acknowledged) == (True, True)
        for at, bit in itertools.product(range(len(line) - 1), (1, 128)):
            broken = bytearray(line[:-1])
            broken[at] ^= bit
            if bytes(broken).lower() != line[:-1].lower():
                with pytest.raises((ValueError, TypeError)):
                    decode(bytes(broken))

    async def test_files_of_the_living_are_left_alone(self, tmp_path: Path) -> None:
        mine, other, found = Spool(tmp_path), Spool(tmp_path), []
        assert await mine.keep(self.entry())
        assert not await other.adopt(found.append)
        assert not await mine.adopt(found.append)
        await mine.stop()
        assert await other.adopt(found.append)
        assert [entry.event_id for entry in found] == [f"{1:032x}"]
        assert not await mine.adopt(found.append)
        assert found[0].segment is not None
        found[0].segment.stored()
        assert files(tmp_path) == []

    async def test_a_damaged_line_costs_no_other_and_the_file_is_kept_for_people(self, tmp_path: Path) -> None:
        lines = [encode(self.entry(number)) for number in (1, 2, 3)]
        (tmp_path / "1-x.spool").write_bytes(lines[0] + lines[1][:30] + b"!" + lines[1][31:] + lines[2])
        spool, found = Spool(tmp_path), []
        assert await spool.adopt(found.append)
        assert [int(entry.event_id, 16) for entry in found] == [1, 3]
        for entry in found:
            entry.segment.stored()
        assert files(tmp_path) == ["1-x.damaged"]

    async def test_a_full_disk_is_known_before_the_next_call(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spool = Spool(tmp_path)

        def full(descriptor: int, data: bytes) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "write", full)
        assert await spool.keep(self.entry()) is False
        assert not spool.is_ready
        assert spool.pending == 0


@given(st.integers(0, 5), st.sampled_from([60, 100, 1000]), st.lists(st.integers(0, 400), max_size=60))
def test_a_local_window_never_lets_more_pass_in_any_interval(limit: int, length: int, pauses: Sequence[int]) -> None:
    window, now, passed = LocalWindow(limit, length), 1_000_000, list[int]()
    for pause in pauses:
        now += pause
        window.move_to(now)
        if window.total < window.limit:
            window.enter(now)
            passed.append(now)
            assert sum(at > now - length for at in passed) <= limit
        else:
            # It refuses only what a window that is a sixtieth longer would refuse, and says when to come again.
            assert limit == 0 or sum(at > now - length - -(-length // 60) for at in passed) >= limit
            wait = window.resets_in(now)
            assert wait >= 1
            if limit:
                window.move_to(now + wait - 1)
                assert window.total == limit
                window.move_to(now + wait)
                assert window.total < limit
            return  # it cannot be moved back
