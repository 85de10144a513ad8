"""The table and the JSON."""

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.gateway.rounds import Sample, median

DIRECT = "direct"
OURS = "api-factory"
# A peer that checks nothing shows how far the floor is; it is no equal.
RATIOS = {"nginx-lua": "same checks", "fastify": "same checks", "nginx": "checks nothing: the distance to the floor"}


def rows(fixed: Mapping[str, Sequence[Sample]], saturated: Mapping[str, Sequence[Sample]]) -> list[dict[str, Any]]:
    """A row for each candidate, medians of its runs. Latency is what it adds to a call without a gateway."""
    direct = fixed[DIRECT]
    result = []
    for name, samples in fixed.items():
        if name == DIRECT:
            continue
        full = saturated[name]
        result.append(
            {
                "name": name,
                "cpu_us_at_2000": round(median(samples, lambda one: one.cpu_us), 1),
                "cpu_us_saturated": round(median(full, lambda one: one.cpu_us), 1),
                "rps_one_core": round(median(full, lambda one: one.load.rate)),
                "p50_added_ms": _added(samples, direct, lambda one: one.load.p50_ms),
                "p99_added_ms": _added(samples, direct, lambda one: one.load.p99_ms),
                "rss_mb": round(max(one.rss_mb for one in (*samples, *full)), 1),
                "errors": sum(one.load.errors for one in (*samples, *full)),
                "redis_us": round(median(samples, lambda one: one.redis_us), 1),
                "meter_us": round(median(samples, lambda one: one.meter_us), 1),
                "answered_rps": round(median(samples, lambda one: one.load.rate)),
                "runs_cpu_us_at_2000": [round(one.cpu_us, 1) for one in samples],
                "runs_cpu_us_saturated": [round(one.cpu_us, 1) for one in full],
            }
        )
    return result


def machine() -> dict[str, Any]:
    model = next(
        (line.partition(":")[2].strip() for line in _read("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average_before": [round(value, 2) for value in os.getloadavg()],
    }


def print_rows(found: Sequence[Mapping[str, Any]], rate: int) -> None:
    out = sys.stdout.write
    if not found:
        return
    out(
        f"\n{'':12} {'CPU us/req':>10} {'CPU us/req':>10} {'req/s':>7} {'p50 ms':>7} {'p99 ms':>7} "
        f"{'RSS':>6} {'errors':>6} {'redis':>6} {'meter':>6} {'req/s':>6}\n"
        f"{'':12} {f'at {rate}':>10} {'saturated':>10} {'1 core':>7} {'added':>7} {'added':>7} "
        f"{'MB':>6} {'':>6} {'us':>6} {'us':>6} {'given':>6}\n"
    )
    for row in found:
        out(
            f"{row['name']:12} {row['cpu_us_at_2000']:>10.1f} {row['cpu_us_saturated']:>10.1f} "
            f"{row['rps_one_core']:>7} {row['p50_added_ms']:>7.2f} {row['p99_added_ms']:>7.2f} {row['rss_mb']:>6.1f} "
            f"{row['errors']:>6} {row['redis_us']:>6.1f} {row['meter_us']:>6.1f} {row['answered_rps']:>6}\n"
        )
    by_name = {row["name"]: row for row in found}
    for name, meaning in RATIOS.items():
        if OURS in by_name and name in by_name:
            ours, peer = by_name[OURS], by_name[name]
            out(
                f"{OURS} / {name}: {ours['cpu_us_at_2000'] / peer['cpu_us_at_2000']:.2f} at {rate} req/s, "
                f"{ours['cpu_us_saturated'] / peer['cpu_us_saturated']:.2f} saturated ({meaning})\n"
            )


def _added(samples: Sequence[Sample], direct: Sequence[Sample], value: Any) -> float:
    return round(median(samples, value) - median(direct, value), 3)


def _read(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
