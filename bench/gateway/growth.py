"""How the cost of a call grows: with the endpoints of a product, the keys in use, and the size of bodies."""

import random
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from bench.gateway.candidate import Candidate
from bench.gateway.comparison import Count
from bench.gateway.cpu import cpu_seconds, rss_mb
from bench.gateway.errors import BenchError
from bench.gateway.load import Load, Request, generate
from bench.gateway.rounds import Sample, measure
from bench.gateway.stage import Stage
from bench.gateway.tools import say
from bench.gateway.warm import call_each
from bench.gateway.watch import MemoryWatch

RATE = 1_000
SIZES = {"1 KB": 1_000, "100 KB": 100_000, "1 MB": 1_000_000, "10 MB": 10_000_000}
BODY_CONNECTIONS = 4
# Few and many are measured in turns, so often each.
TURNS = 3
# What a process makes for its first calls is no key's.
WARM_CALLS = 200


class Growth:
    """The measurements, each a row; `growth_data` must be there.

    `{"what", "at", "cpu_us", "redis_us", "meter_us", "rss_mb", "rss_grown_mb", "rate", "errors"}`; those of bodies have
    `cpu_us_per_mb` too; that of many keys `bytes_per_key` and `first_call_us` (the call that reads it from PostgreSQL).
    """

    def __init__(self, ready: Stage, count: Count, *, seconds: int, keys: int) -> None:
        assert ready.ours is not None
        self._candidate: Candidate = ready.ours.candidate
        self._ready = ready
        self._count = count
        self._seconds = seconds
        self._keys = keys
        self.rows: list[dict[str, Any]] = []

    def run(self) -> list[dict[str, Any]]:
        # First what is read from the growth of memory: later it grows into what bodies have left free.
        self._many_keys()
        self._endpoints()
        self._bodies()
        return self.rows

    def _endpoints(self) -> None:
        from bench.gateway.build import keys
        from bench.gateway.growth_data import FEW, MANY, endpoint_path, endpoints_slug

        sizes: dict[str, list[Request]] = {}
        for count in (FEW, MANY):
            slug = endpoints_slug(count)
            key = keys(slug, "one", 1)[0]
            requests = [(key, f"/{slug}{endpoint_path(number)}") for number in range(1, count + 1)]
            random.Random(1).shuffle(requests)
            self._warm(requests[:FEW])
            sizes[f"{count:,}"] = requests
        self._measure_in_turns("endpoints of a product", sizes)

    def _many_keys(self) -> None:
        from bench.gateway.build import keys

        slug = f"keys-{self._keys}"
        requests = [(key, f"/{slug}/v1/current") for key in keys(slug, "many", self._keys)]
        random.Random(1).shuffle(requests)
        self._warm(requests[:WARM_CALLS])
        before = (rss_mb(self._candidate.pid), cpu_seconds(self._candidate.pid))
        say(f"Calling once with each of {self._keys} keys ...")
        self._warm(requests)
        first_calls = cpu_seconds(self._candidate.pid) - before[1]
        grown = rss_mb(self._candidate.pid) - before[0]
        self._count.settle()
        _, many = self._measure_in_turns("keys in use", {"1": requests[:1], f"{self._keys:,}": requests})
        many["first_call_us"] = round(first_calls / self._keys * 1e6)
        many["bytes_per_key"] = round(grown * 2**20 / self._keys)

    def _bodies(self) -> None:
        from bench.gateway.build import keys

        key = keys("bodies", "bodies", 1)[0]
        for name, size in SIZES.items():
            self.rows.append(self._measure("body down", name, [(key, f"/bodies/v1/bytes/{size}")], body=size))
        for name, size in SIZES.items():
            self.rows.append(self._measure("body up", name, [(key, "/bodies/v1/sink")], body=size, upload=True))

    def _warm(self, requests: Sequence[Request]) -> None:
        self._count.add(call_each(self._candidate.port, requests))

    def _measure_in_turns(self, what: str, sizes: Mapping[str, Sequence[Request]]) -> list[dict[str, Any]]:
        """The median run of each size. The machine's moods meet all of them, so that their ratio says something."""
        runs: dict[str, list[dict[str, Any]]] = {at: [] for at in sizes}
        for _ in range(TURNS):
            for at, requests in sizes.items():
                runs[at].append(self._measure(what, at, requests))
        for measured in runs.values():
            self.rows.append(sorted(measured, key=lambda row: row["cpu_us"])[TURNS // 2])
        return self.rows[-len(sizes) :]

    def _measure(
        self, what: str, at: str, requests: Sequence[Request], *, body: int = 0, upload: bool = False
    ) -> dict[str, Any]:
        """At a fixed rate; with a body as fast as a few connections go."""
        connections = BODY_CONNECTIONS if body else 32

        def load(candidate: Candidate) -> Load:
            return generate(
                candidate.port,
                requests,
                folder=self._ready.folder,
                seconds=self._seconds,
                rate=0 if body else RATE,
                body_bytes=body if upload else 0,
                connections=connections,
            )

        def settle(result: Load) -> None:
            self._count.add(result.answers, cut=connections)
            self._count.settle()

        with MemoryWatch(self._candidate.pid) as memory:
            sample = measure(self._candidate, load, settle)
        if not sample.load.answers:
            raise BenchError(f"{what}, {at}: no call was answered.")
        row = _row(what, at, sample, memory)
        if body >= 100_000:
            row["cpu_us_per_mb"] = round(sample.cpu_us / (body / 1e6), 1)
        say(f"{row}")
        return row


def print_growth(rows: Sequence[Mapping[str, Any]]) -> None:
    out = sys.stdout.write
    if rows:
        out(f"\n{'':24} {'':>9} {'CPU us':>8} {'us/MB':>8} {'req/s':>7} {'RSS MB':>7} {'grown':>6} {'redis':>6} ")
        out(f"{'meter':>7} {'errors':>6}\n")
    for row in rows:
        out(f"{row['what']:24} {row['at']:>9} {row['cpu_us']:>8.1f} {row.get('cpu_us_per_mb', ''):>8} ")
        out(f"{row['rate']:>7.0f} {row['rss_mb']:>7.1f} {row['rss_grown_mb']:>6.1f} {row['redis_us']:>6.1f} ")
        out(f"{row['meter_us']:>7.1f} {row['errors']:>6}\n")
        if "bytes_per_key" in row:
            out(f"{'':24} a key takes {row['bytes_per_key']} bytes and its first call {row['first_call_us']} us\n")


def _row(what: str, at: str, sample: Sample, memory: MemoryWatch) -> dict[str, Any]:
    return {
        "what": what,
        "at": at,
        "cpu_us": round(sample.cpu_us, 1),
        "redis_us": round(sample.redis_us, 1),
        "meter_us": round(sample.meter_us, 1),
        "rss_mb": round(memory.peak, 1),
        "rss_grown_mb": round(memory.peak - memory.first, 1),
        "rate": round(sample.load.rate, 1),
        "errors": sample.load.errors,
    }
