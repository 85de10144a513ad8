"""The runs: every candidate in turn, again and again, so that the machine's moods meet all of them."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.gateway.candidate import Candidate
from bench.gateway.cpu import cpu_seconds, rss_mb
from bench.gateway.load import Load

# What is written in batches belongs to the calls before.
TRAILING_SECONDS = 0.5


@dataclass(frozen=True)
class Sample:
    """One run. CPU in microseconds per answered request."""

    load: Load
    cpu_us: float
    redis_us: float
    meter_us: float
    rss_mb: float


def measure(candidate: Candidate, load: Callable[[Candidate], Load], settle: Callable[[Load], None]) -> Sample:
    """One run of this load. `settle` waits until what follows the calls, such as storing them, is done."""
    pids = (candidate.pid, candidate.redis_pid, candidate.meter_pid)
    before = [_cpu(pid) for pid in pids]
    result = load(candidate)
    time.sleep(TRAILING_SECONDS)
    gateway = _cpu(candidate.pid) - before[0]
    resident = rss_mb(candidate.pid) if candidate.pid else 0.0
    settle(result)
    redis, meter = (_cpu(pid) - earlier for pid, earlier in zip(pids[1:], before[1:], strict=True))
    calls = max(result.answers, 1) / 1e6
    return Sample(result, gateway / calls, redis / calls, meter / calls, resident)


def median(samples: Sequence[Sample], value: Callable[[Sample], float]) -> float:
    return statistics.median(value(sample) for sample in samples)


def _cpu(pid: int) -> float:
    return cpu_seconds(pid) if pid else 0.0
