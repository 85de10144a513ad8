"""Slow clients, and what the others notice of them."""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.gateway.comparison import Count
from bench.gateway.load import CONNECTIONS, generate
from bench.gateway.options import ROOT
from bench.gateway.processes import cores, running
from bench.gateway.slow_clients import KINDS, READY
from bench.gateway.stage import Stage
from bench.gateway.tools import say
from bench.gateway.watch import MemoryWatch

CLIENTS = 500
ROUNDS = 3
RATE = 200
# Until the slow ones of the round before are forgotten.
QUIET_SECONDS = 5.0


def slow_clients(ready: Stage, count: Count, *, seconds: int) -> list[dict[str, Any]]:
    """For each kind of slowness: p95 of other callers in ms, before and with the slow ones; medians of three rounds."""
    return [_kind(ready, count, kind, seconds) for kind in KINDS]


def _kind(ready: Stage, count: Count, kind: str, seconds: int) -> dict[str, Any]:
    from bench.gateway.build import keys

    assert ready.ours is not None
    candidate = ready.ours.candidate
    log = ready.folder / "slow-clients.log"
    before, beside, errors, grown = [], [], 0, 0.0

    def p95() -> float:
        nonlocal errors
        requests = [(key, candidate.current) for key in candidate.keys]
        load = generate(candidate.port, requests, folder=ready.folder, seconds=seconds, rate=RATE)
        count.add(load.answers, cut=CONNECTIONS)
        errors += load.errors
        return load.p95_ms

    command = [
        *(sys.executable, "-m", "bench.gateway.slow_clients", str(candidate.port), kind, str(CLIENTS)),
        keys("bodies", "bodies", 1)[0],
    ]
    is_ready: Callable[[], bool] = lambda: READY in log.read_text()  # noqa: E731
    for _ in range(ROUNDS):
        time.sleep(QUIET_SECONDS)
        before.append(p95())
        with (
            MemoryWatch(candidate.pid) as memory,
            running("slow-clients", command, core=cores()[1], folder=ready.folder, cwd=ROOT, ready=is_ready),
        ):
            beside.append(p95())
        grown = max(grown, memory.peak - memory.first)
    # A slow client's own call may be stored or not: it is cut off.
    count.add(0, cut=CLIENTS * ROUNDS)
    count.settle()
    row = {
        "kind": kind,
        "clients": CLIENTS,
        "p95_ms_before": round(statistics.median(before), 2),
        "p95_ms_with": round(statistics.median(beside), 2),
        "rss_grown_mb": round(grown, 1),
        "errors": errors,
    }
    say(f"{row}")
    return row
