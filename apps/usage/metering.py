"""Pure rules of metering: which answers are billed, and how latencies are counted."""

import bisect
from collections.abc import Sequence

# Upper bounds of the latency counts in milliseconds; the last count is of everything slower.
LATENCY_BOUNDS_MS = (5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 2000, 5000, 10_000, 30_000)
LATENCY_COUNTS = len(LATENCY_BOUNDS_MS) + 1


def is_billable(status: int, billable_statuses: Sequence[int] | None) -> bool:
    """Whether an answer of the backend is billed: below 500, or exactly the product's own list."""
    if billable_statuses is None:
        return status < 500
    return status in billable_statuses


def latency_index(milliseconds: float) -> int:
    """Which of the latency counts a call belongs to."""
    return bisect.bisect_left(LATENCY_BOUNDS_MS, milliseconds)


def latency_percentile(counts: Sequence[int], fraction: float) -> float | None:
    """The latency in milliseconds below which this fraction of the calls lies, interpolated within its bucket.

    None when there are no calls. Calls beyond the last bound are reported as that bound.
    """
    total = sum(counts)
    if total == 0:
        return None
    wanted = fraction * total
    passed = 0
    for index, count in enumerate(counts):
        if count and passed + count >= wanted:
            if index == len(LATENCY_BOUNDS_MS):
                break
            lower = LATENCY_BOUNDS_MS[index - 1] if index else 0
            return lower + (LATENCY_BOUNDS_MS[index] - lower) * (wanted - passed) / count
        passed += count
    return float(LATENCY_BOUNDS_MS[-1])
