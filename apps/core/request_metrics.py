"""How many requests the web processes answered, and how long that took: one count in Redis for all of them.

Each process adds up what it answered and hands it over once a second at most, so that counting costs a request
nothing. What a process has not handed over when it ends (a second's worth) is lost.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator

import redis
from django.conf import settings
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from apps.core.redis_client import impatient_redis

_KEY = "af:metrics:web"
_HAND_OVER_SECONDS = 1.0
_BUCKETS_MS = (10, 25, 50, 100, 250, 500, 1000, 2500, 5000)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Tally:
    """What this process answered since it last handed over."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.handed_over_at = 0.0
        self.lock = threading.Lock()

    def add(self, fields: Iterator[tuple[str, int]]) -> None:
        with self.lock:
            for name, amount in fields:
                self.counts[name] += amount
            now = time.monotonic()
            if now - self.handed_over_at < _HAND_OVER_SECONDS:
                return
            self.handed_over_at = now
            counts, self.counts = self.counts, Counter()
        self._hand_over(counts)

    def flush(self) -> None:
        with self.lock:
            counts, self.counts = self.counts, Counter()
        if counts:
            self._hand_over(counts)

    def _hand_over(self, counts: Counter[str]) -> None:
        try:
            with impatient_redis(settings.CACHE_URL).pipeline(transaction=True) as pipeline:
                for name, amount in counts.items():
                    pipeline.hincrby(_KEY, name, amount)
                pipeline.execute()
        except redis.RedisError:
            with self.lock:
                self.counts.update(counts)


_tally = _Tally()


def count(method: str, status: int, seconds: float) -> None:
    """Note a request that was answered."""
    _tally.add(_fields(method, status, round(seconds * 1000)))


def collect() -> Iterator[Metric]:
    """Counts by method and class of status, and a histogram of the time to the answer."""
    _tally.flush()
    stored = impatient_redis(settings.CACHE_URL).hgetall(_KEY)
    rows = {name if isinstance(name, str) else name.decode(): int(value) for name, value in stored.items()}
    requests = CounterMetricFamily(
        "api_factory_web_requests", "Requests that the web processes answered.", labels=["method", "status"]
    )
    for name, value in sorted(rows.items()):
        kind, _, rest = name.partition("|")
        if kind == "answered":
            method, _, status = rest.partition("|")
            requests.add_metric([method, status], value)
    yield requests
    yield _histogram(rows)


def _fields(method: str, status: int, milliseconds: int) -> Iterator[tuple[str, int]]:
    yield f"answered|{method if method in _METHODS else 'other'}|{status // 100}xx", 1
    bound = next((bound for bound in _BUCKETS_MS if milliseconds <= bound), "inf")
    yield f"took|{bound}", 1
    yield "milliseconds", milliseconds


def _histogram(rows: dict[str, int]) -> Metric:
    total, buckets = 0, []
    for bound in (*_BUCKETS_MS, "inf"):
        total += rows.get(f"took|{bound}", 0)
        buckets.append(("+Inf" if isinstance(bound, str) else str(bound / 1000), total))
    return HistogramMetricFamily(
        "api_factory_web_request_seconds",
        "Time until the answer was made.",
        buckets=buckets,
        sum_value=rows.get("milliseconds", 0) / 1000,
    )
