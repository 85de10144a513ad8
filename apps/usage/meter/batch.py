"""What a shard's stream holds beyond the stored position, as the `read` script answers it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from apps.usage.counters.keys import from_milliseconds


@dataclass(frozen=True, slots=True)
class Position:
    """Up to which stream id of which generation a shard is stored."""

    generation: str = ""
    stream_id: str = "0-0"

    def __str__(self) -> str:
        return f"{self.generation} {self.stream_id}"


@dataclass(frozen=True, slots=True)
class Entry:
    stream_id: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries behind `start` of the shard's generation, read at the stored position `asked`.

    `complete_until` holds once these entries are stored. `mark` is the position that the shard's readers know of.
    """

    shard: int
    asked: Position
    start: Position
    mark: str
    complete_until: dt.datetime | None
    entries: tuple[Entry, ...]

    @property
    def end(self) -> Position:
        """The position once this is stored."""
        last = self.entries[-1].stream_id if self.entries else self.start.stream_id
        return Position(self.start.generation, last)


def parse_batch(shard: int, asked: Position, reply: list[Any]) -> Batch:
    """The batch of a reply `["read", generation, mark, start, complete until, entries]`."""
    generation, mark, start, complete = (_text(part) for part in reply[1:5])
    return Batch(
        shard=shard,
        asked=asked,
        start=Position(generation, start),
        mark=mark,
        complete_until=from_milliseconds(int(complete)) if complete else None,
        entries=tuple(Entry(_text(stream_id), _fields(values)) for stream_id, values in reply[5]),
    )


def _fields(values: list[bytes]) -> dict[str, str]:
    texts = [_text(value) for value in values]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def _text(value: bytes) -> str:
    return value.decode(errors="replace")
