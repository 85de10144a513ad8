"""Settled calls on the disk, while Redis does not take them: they survive the process.

Each process appends to files of its own, and has them locked for as long as it lives. An event is on the disk (fsync)
before its call is acknowledged. A file goes away once everything in it is stored in Postgres, never before. Files that
nobody has locked are of a process that died: any process reads them and brings their events to Redis. What was
brought before is a double, which Postgres removes.

A line is the CRC-32 of a JSON array, a blank, and that array. A last line without its end was never acknowledged.
"""

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

from apps.usage.counters.journal import JournalEntry
from apps.usage.counters.types import SHARDS

_SUFFIX = ".spool"
# A file of this size is not appended to any more, so that it can go away when its events are stored.
_SEGMENT_BYTES = 8 * 1024 * 1024
# After an error of the disk, nothing relies on it for so long.
_PAUSE_SECONDS = 5.0

logger = logging.getLogger(__name__)


class SpoolUnusable(Exception):
    """The folder of the spool cannot be made or written to."""

    def __init__(self, folder: Path, error: OSError) -> None:
        super().__init__(
            f"USAGE_SPOOL_DIR: {folder} cannot be written to ({error.strerror or error}). Give this process (uid "
            f"{os.getuid()}) a folder or volume that it may write to, or set USAGE_SPOOL_DIR=none: calls without a "
            "quota are then refused while Redis is away, like all others."
        )


class Segment:
    """One file: open, locked, and there until all of its events are stored."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self.size = 0
        self.pending = 0  # events in it, or on their way into it, that are not stored yet
        self.is_damaged = False
        self.uses = 0  # by whoever writes or reads it right now

    def stored(self) -> None:
        """One of its events is in Postgres."""
        self.pending -= 1
        self.retire()

    def retire(self) -> None:
        """Remove the file if nothing needs it any more."""
        if self.pending or self.uses or self.descriptor < 0:
            return
        with contextlib.suppress(OSError):
            if self.is_damaged:
                self.path.rename(self.path.with_suffix(".damaged"))
            else:
                self.path.unlink()
        self.close()

    def close(self) -> None:
        """Let go of the file and its lock; it stays."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class Spool:
    """`folder` is shared by the processes of this host; None: there is no spool."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._current: Segment | None = None
        self._segments: list[Segment] = []
        self._waiting: list[tuple[bytes, Segment, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._failed_at = float("-inf")

    async def start(self) -> None:
        """Make the folder. Raises `SpoolUnusable` where it cannot be written to: a spool that is asked for is there."""
        if self._folder is not None:
            try:
                await asyncio.to_thread(_check_folder, self._folder)
            except OSError as error:
                raise SpoolUnusable(self._folder, error) from error

    @property
    def is_ready(self) -> bool:
        """Whether events can be expected to get onto the disk."""
        return self._folder is not None and time.monotonic() - self._failed_at >= _PAUSE_SECONDS

    @property
    def pending(self) -> int:
        """Events on the disk that are not known to be stored."""
        return sum(segment.pending for segment in self._segments)

    async def keep(self, entry: JournalEntry) -> bool:
        """Write the entry down; whether it is on the disk. Where there is no spool, or no disk, it is not."""
        if not self.is_ready or entry.segment is not None:
            return entry.segment is not None
        try:
            segment = self._open_segment()
        except OSError as error:
            self._failed(error)
            return False
        entry.segment = segment
        segment.pending += 1
        segment.uses += 1
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line = encode(entry)
        segment.size += len(line)
        self._waiting.append((line, segment, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        try:
            await asyncio.shield(done)
        except OSError:
            if entry.segment is segment:
                entry.segment = None
                segment.stored()
            return False
        return True

    async def adopt(self, restore: Callable[[JournalEntry], None]) -> bool:
        """Take over one file of a process that is gone, and give its events to `restore`; whether there was one."""
        if self._folder is None:
            return False
        segment, entries = await asyncio.to_thread(self._take_orphan)
        if segment is None:
            return False
        logger.info("%s events of a process that ended are brought to Redis", len(entries))
        self._segments.append(segment)
        for entry in entries:
            entry.segment = segment
        segment.pending = len(entries)
        for entry in entries:
            restore(entry)
        segment.uses -= 1
        segment.retire()
        return True

    def sweep(self) -> None:
        """Forget files that are gone."""
        self._segments = [segment for segment in self._segments if segment.descriptor >= 0]
        if self._current is not None and self._current.descriptor < 0:
            self._current = None

    async def stop(self) -> None:
        """Let go of all files: what is in them is the next process' business."""
        if self._writer is not None:
            await asyncio.gather(self._writer, return_exceptions=True)
        for segment in self._segments:
            segment.close()

    # --- writing ----------------------------------------------------------------------------------

    def _open_segment(self) -> Segment:
        current = self._current
        if current is not None and current.descriptor >= 0 and current.size < _SEGMENT_BYTES:
            return current
        assert self._folder is not None
        # It gets its name once it is locked, so that nobody takes it for one that was left behind.
        path = self._folder / f"{os.getpid()}-{uuid4().hex}{_SUFFIX}"
        unnamed = path.with_suffix(".new")
        descriptor = os.open(unnamed, os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_WRONLY, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unnamed.rename(path)
        _sync_folder(self._folder)
        self._current = Segment(path, descriptor)
        self._segments.append(self._current)
        return self._current

    async def _write_all(self) -> None:
        """All that waits, in as few writes as can be: whoever comes while one is under way shares the next."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(_write, batch)
            except OSError as error:
                self._failed(error)
                for _, _, done in batch:
                    done.set_exception(error)
                    done.exception()  # seen, even where nobody waits any more
            else:
                for _, _, done in batch:
                    done.set_result(None)
            for _, segment, _ in batch:
                segment.uses -= 1
                segment.retire()
        self._writer = None

    def _failed(self, error: OSError) -> None:
        self._failed_at = time.monotonic()
        logger.error("events cannot be written to the spool: %s", error)
        self._current = None  # what was written half is the end of its file

    # --- what others left -------------------------------------------------------------------------

    def _take_orphan(self) -> tuple[Segment | None, list[JournalEntry]]:
        assert self._folder is not None
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            if any(segment.path == path for segment in self._segments):
                continue
            try:
                descriptor = os.open(path, os.O_RDONLY)
            except OSError:
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_nlink == 0:  # its last owner has just removed it
                    raise BlockingIOError
            except OSError:
                os.close(descriptor)
                continue
            segment = Segment(path, descriptor)
            segment.uses += 1
            return segment, list(self._read(segment))
        return None, []

    def _read(self, segment: Segment) -> Iterator[JournalEntry]:
        lines = segment.path.read_bytes().split(b"\n")
        tail = lines.pop()
        if tail:
            logger.warning("%s ends in the middle of an event that was not acknowledged", segment.path.name)
        for number, line in enumerate(lines, 1):
            try:
                yield decode(line)
            except (ValueError, TypeError) as error:
                segment.is_damaged = True
                logger.error("%s, line %s cannot be read: %s", segment.path.name, number, error)


def encode(entry: JournalEntry) -> bytes:
    """The line of an entry."""
    values = json.dumps(
        [
            entry.shard, entry.event_id, entry.occurred_ms, entry.counters, entry.reserved_units, entry.billed_units,
            entry.event, entry.slots,
        ],
        separators=(",", ":"),
    ).encode()  # fmt: skip
    return b"%08x %b\n" % (zlib.crc32(values), values)


def decode(line: bytes) -> JournalEntry:
    """The entry of a line, as one that is appended anew. Raises ValueError or TypeError."""
    checksum, _, values = line.partition(b" ")
    if int(checksum, 16) != zlib.crc32(values):
        raise ValueError("the checksum differs")
    shard, event_id, occurred_ms, counters, reserved_units, billed_units, event, slots = json.loads(values)
    if not 0 <= shard < SHARDS:
        raise ValueError("there is no such shard")
    return JournalEntry(
        shard=shard,
        event_id=event_id,
        occurred_ms=occurred_ms,
        counters=tuple(counters),
        reserved_units=reserved_units,
        billed_units=billed_units,
        event=event,
        reservation_generation="",
        slots=slots,
        acknowledged=True,
        replays=True,
    )


def _write(batch: list[tuple[bytes, Segment, "asyncio.Future[None]"]]) -> None:
    by_segment: dict[int, list[bytes]] = {}
    for line, segment, _ in batch:
        by_segment.setdefault(segment.descriptor, []).append(line)
    for descriptor, lines in by_segment.items():
        data = b"".join(lines)
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)


def _check_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    probe = folder / f"{uuid4().hex}.probe"
    probe.touch()
    probe.unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
