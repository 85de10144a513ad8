"""The names of the keys in Redis. All of one shard share a hash tag, so that they lie in one cluster slot.

Fixed keys of a shard (named by the scripts from `state`): `state`, `lease`, `leases`, `inflight`, `progress`,
`abandoned`, `stream`, `present`, `lock`; scripts/lib.lua says what the state hash holds.
"""

import datetime as dt
from typing import NamedTuple

from apps.usage.counters.types import SHARDS, shard_of

_PREFIXES = tuple(f"af:{{u{shard:02}}}:" for shard in range(SHARDS))
STATE_KEYS = tuple(f"{prefix}state" for prefix in _PREFIXES)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)


def shard_key(shard: int, name: str) -> str:
    return f"{_PREFIXES[shard]}{name}"


def quota_counter(subscription_id: int, epoch: int, start: dt.datetime, end: dt.datetime) -> str:
    """The units of the period `[start, end)`, whatever quota counts them. The scripts read the end out of the name."""
    prefix = _PREFIXES[shard_of(subscription_id)]
    return f"{prefix}q:{subscription_id}:{epoch}:{milliseconds(start)}-{milliseconds(end)}"


class QuotaCounter(NamedTuple):
    """What the name of a quota counter says; times in milliseconds since 1970."""

    subscription_id: int
    epoch: int
    start_ms: int
    end_ms: int


def parse_quota_counter(name: str) -> QuotaCounter:
    """Read what `quota_counter` wrote."""
    subscription, epoch, span = name.rsplit(":", 3)[1:]
    start, _, end = span.partition("-")
    return QuotaCounter(int(subscription), int(epoch), int(start), int(end))


def rate_window(subscription_id: int, counter: str, window_ms: int) -> str:
    return f"{_PREFIXES[shard_of(subscription_id)]}r:{subscription_id}:{counter}:{window_ms}"


def in_flight(subscription_id: int) -> str:
    """The set of the subscription's calls in flight, kept where a plan limits how many there may be."""
    return f"{_PREFIXES[shard_of(subscription_id)]}f:{subscription_id}"


def milliseconds(instant: dt.datetime) -> int:
    """Whole milliseconds since 1970, rounded up.

    Calls happen at whole milliseconds, so `start <= call < end` holds for instants exactly when it holds for
    their milliseconds.
    """
    return -((_EPOCH - instant) // _MILLISECOND)


def from_milliseconds(value: int) -> dt.datetime:
    return _EPOCH + value * _MILLISECOND


def parse_stream_id(text: str) -> tuple[int, int]:
    """A stream id as what it is ordered by: (milliseconds, sequence number)."""
    head, _, tail = text.partition("-")
    return int(head), int(tail)
