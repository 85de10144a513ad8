"""The candidates side by side: checked, warmed up, measured at a fixed rate and saturated, and their counts proven."""

from argparse import Namespace
from collections.abc import Callable
from typing import Any

from bench.gateway import report
from bench.gateway.candidate import Candidate
from bench.gateway.checks import check
from bench.gateway.errors import BenchError
from bench.gateway.load import CONNECTIONS, Load, generate, h2load
from bench.gateway.ours import Installation
from bench.gateway.rounds import Sample, measure
from bench.gateway.stage import Stage
from bench.gateway.tools import say

WARM_UP_SECONDS = 2
# Calls of the run whose number is exact: no call is cut off at its end.
PROOF_CALLS = 5_000


class Count:
    """What load generators saw answered, against what PostgreSQL holds."""

    def __init__(self, ours: Installation | None) -> None:
        self._ours = ours
        self._answers = 0
        self._cut = 0

    def add(self, answers: int, *, cut: int = 0) -> None:
        """`cut`: how many calls at most were under way when the load generator left."""
        self._answers += answers
        self._cut += cut

    def settle(self) -> None:
        """Wait until every call is stored. Raises BenchError where there are fewer or more than there can be."""
        if self._ours is None:
            return
        stored = self._ours.wait_until_stored(self._answers)
        if stored > self._answers + self._cut:
            raise BenchError(f"{stored} usage events for {self._answers} answers and {self._cut} calls cut off.")

    def prove(self) -> dict[str, int]:
        """Of a number of calls that all end, exactly as many are stored."""
        assert self._ours is not None
        candidate = self._ours.candidate
        before = self._ours.wait_until_stored(self._answers)
        load = h2load(candidate.port, candidate.current, candidate.keys[0], "--requests", str(PROOF_CALLS), seconds=60)
        stored = self._ours.wait_until_stored(before + load.answers) - before
        if (load.answers, load.errors, stored) != (PROOF_CALLS, 0, PROOF_CALLS):
            raise BenchError(f"{stored} usage events for {load.answers} answers ({load.errors} errors).")
        self.add(load.answers)
        return {"answers": load.answers, "stored": stored}


def compare(ready: Stage, options: Namespace, count: Count) -> list[dict[str, Any]]:
    """The rows of the report. Raises BenchError where a candidate does not do what it must."""
    direct = Candidate(report.DIRECT, ready.upstream_port, "", ready.candidates[0].keys, pid=0)
    candidates = [direct, *ready.candidates]
    for candidate in ready.candidates:
        answered = check(candidate)
        if _is_ours(candidate):
            count.add(answered)
    for candidate in candidates:
        load = _load(ready, WARM_UP_SECONDS, rate=0)(candidate)
        if _is_ours(candidate):
            count.add(load.answers, cut=CONNECTIONS)
    count.settle()
    fixed, saturated = (
        _runs(candidates, _load(ready, options.seconds, rate), options.runs, count, what)
        for rate, what in ((options.rate, f"at {options.rate} req/s"), (0, "saturated"))
    )
    if ready.ours is not None:
        say(f"Proof: {count.prove()}")
    return report.rows(fixed, saturated)


def _runs(
    candidates: list[Candidate], load: Callable[[Candidate], Load], runs: int, count: Count, what: str
) -> dict[str, list[Sample]]:
    samples: dict[str, list[Sample]] = {candidate.name: [] for candidate in candidates}
    for number in range(runs):
        for candidate in candidates:

            def settle(result: Load, ours: bool = _is_ours(candidate)) -> None:
                if ours:
                    count.add(result.answers, cut=CONNECTIONS)
                    count.settle()

            sample = measure(candidate, load, settle)
            samples[candidate.name].append(sample)
            say(
                f"{what}, run {number + 1}: {candidate.name:12} {sample.cpu_us:7.1f} us/req "
                f"{sample.load.rate:8.0f} req/s  p50 {sample.load.p50_ms:.2f} ms  {sample.load.errors} errors"
            )
    return samples


def _load(ready: Stage, seconds: int, rate: int) -> Callable[[Candidate], Load]:
    return lambda candidate: generate(
        candidate.port,
        [(key, candidate.current) for key in candidate.keys],
        folder=ready.folder,
        seconds=seconds,
        rate=rate,
    )


def _is_ours(candidate: Candidate) -> bool:
    return candidate.name == report.OURS
