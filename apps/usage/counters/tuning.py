"""How long things last and how many there may be. Tests make some of them short."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tuning:
    # A lease that is not renewed for so long is given up; it is renewed three times as often.
    lease_ms: int = 30_000
    heartbeat_seconds: float = 8.0
    # A stream keeps a record of what it has delivered once it is this old.
    progress_after_seconds: float = 30.0
    # How long the meter may be away before run-out leases get one more term.
    sweep_pause_ms: int = 15_000
    sweep_seconds: float = 3.0
    # Ids of abandoned calls are remembered longer than the longest stream.
    abandoned_kept_ms: int = 25 * 3600 * 1000
    # After a rebuild nothing is called complete until every living process has brought back what it holds.
    hold_ms: int = 35_000
    # Who rebuilds a shard holds a lock that it renews; everybody else waits at most `rebuild_wait_seconds`.
    rebuild_lock_ms: int = 10_000
    rebuild_wait_seconds: float = 2.0
    # A stream over its bound takes no more calls: usage is never trimmed before it is stored.
    stream_bound: int = 200_000
    # Entries are trimmed when they lie so far behind the stored position.
    stream_kept_ms: int = 5_000
    # Events that a gateway process keeps until the meter has stored them.
    journal_bound: int = 100_000
    journal_seconds: float = 1.0
    # How often a process looks for what others left on the disk.
    spool_seconds: float = 1.0
    # How long a process that ends waits for its events to be stored.
    stop_seconds: float = 2.0
    rejections_bound: int = 10_000
    rejections_seconds: float = 0.1
    # The meter looks for new entries this often, and takes so many of a shard in one transaction.
    poll_seconds: float = 0.2
    batch_entries: int = 1_000
    # A call that is open for longer does not hold up `complete_until`: below five minutes, when `MeterBehind` fires.
    awaited_ms: int = 240_000
    # How often an idle shard's `complete_until` is moved.
    complete_seconds: float = 1.0


DEFAULT = Tuning()
