"""What this process did, in plain counters: adding to them costs next to nothing, reading them is for `/metrics`."""

from bisect import bisect_left
from collections import Counter

from apps.gateway.engine.forwarding.settle import Outcome

# Of the gateway's own part of a call, and of the time to the backend's first byte; in seconds.
OWN_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
ORIGIN_BOUNDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

# A forwarded call whose lease was lost: not billed, and its answer did not end.
ABANDONED = "abandoned"


class Histogram:
    """Counts by the smallest bound that an observation does not exceed; the last count is of what exceeds them all."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds


class Tally:
    """`forwarded[outcome][n]` are the calls with a status of n hundred, `refused[code]` the gateway's own answers."""

    __slots__ = ("forwarded", "origin", "own", "preflights", "refused")

    def __init__(self) -> None:
        self.forwarded = {outcome: [0] * 6 for outcome in (*map(str, Outcome), ABANDONED)}
        self.refused: Counter[str] = Counter()
        self.preflights = 0
        self.own = Histogram(OWN_BOUNDS)
        self.origin = Histogram(ORIGIN_BOUNDS)

    def settled(self, outcome: str, status: int, *, origin_seconds: float, own_seconds: float | None) -> None:
        """A forwarded call ended. `own_seconds` is None for a stream: most of its time is nobody's."""
        self.forwarded[outcome][status // 100] += 1
        self.origin.observe(origin_seconds)
        if own_seconds is not None:
            self.own.observe(own_seconds)
