"""Minutes of calls at a fixed rate: whether memory goes on growing once it has settled."""

from typing import Any

from bench.gateway.candidate import Candidate
from bench.gateway.comparison import Count
from bench.gateway.load import CONNECTIONS, Load, generate
from bench.gateway.rounds import measure
from bench.gateway.stage import Stage
from bench.gateway.watch import MemoryWatch

# By then caches and pools are as large as they get.
SETTLED = 0.3


def soak(ready: Stage, count: Count, *, minutes: float, rate: int) -> dict[str, Any]:
    """Memory after 30 % of the time (minute 3 of 10), and at its end, in MB; every call is stored."""
    assert ready.ours is not None
    seconds = round(minutes * 60)

    def load(candidate: Candidate) -> Load:
        requests = [(key, candidate.current) for key in candidate.keys]
        return generate(candidate.port, requests, folder=ready.folder, seconds=seconds, rate=rate)

    def settle(result: Load) -> None:
        count.add(result.answers, cut=CONNECTIONS)
        count.settle()

    with MemoryWatch(ready.ours.candidate.pid) as memory:
        sample = measure(ready.ours.candidate, load, settle)
    early, late = memory.at(seconds * SETTLED), memory.at(seconds)
    return {
        "minutes": minutes,
        "rate": round(sample.load.rate, 1),
        "errors": sample.load.errors,
        "cpu_us": round(sample.cpu_us, 1),
        "meter_us": round(sample.meter_us, 1),
        "rss_mb_settled": round(early, 1),
        "rss_mb_end": round(late, 1),
        "rss_grown_mb": round(late - early, 1),
        "rss_mb_peak": round(memory.peak, 1),
    }
