"""`/_gateway/metrics`: what this gateway process did and holds, for Prometheus. Each process answers for itself.

No label is a key, a path, a product or a person: the number of series does not grow with the traffic. Each is there
from the start, since to Prometheus the first value of a series is no increase.
"""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from apps.gateway.engine.forwarding.units import UnitFault, unit_faults
from apps.gateway.engine.messages.problems import PROBLEMS
from apps.gateway.engine.observation.tally import Histogram
from apps.gateway.runtime import Runtime
from apps.gateway.standing import Standing, standing_of
from apps.usage.counters.client import CountersClient


def exposition(runtime: Runtime) -> bytes:
    """All metrics of the process in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_GatewayCollector(runtime))
    return generate_latest(registry)


class _GatewayCollector(Collector):
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def collect(self) -> Iterator[Metric]:
        yield from _standing(standing_of(self._runtime, {"postgres": self._runtime.directory.is_reading}))
        yield from _calls(self._runtime)
        yield from _backends(self._runtime)
        yield _labelled(
            "directory_entries", "What is known without asking Postgres.", "kind", self._runtime.directory.sizes
        )
        if isinstance(self._runtime.metering, CountersClient):
            yield from _metering(self._runtime.metering)


def _standing(standing: Standing) -> Iterator[Metric]:
    yield _gauge("can_serve", "1 while some calls can be served; 0: the probe answers 503.", int(standing.can_serve))
    yield _gauge("degraded", "1 while something is away and some calls are served.", int(standing.status == "degraded"))
    yield _labelled(
        "available", "1 while it is there: Postgres, the counters in Redis, the spool on disk.", "part",
        {name: int(is_there) for name, is_there in standing.parts.items()},
    )  # fmt: skip


def _calls(runtime: Runtime) -> Iterator[Metric]:
    tally = runtime.engine.tally
    forwarded = CounterMetricFamily(
        "api_factory_gateway_calls", "Calls that were forwarded, and what became of them.", labels=["outcome", "status"]
    )
    for outcome, by_class in tally.forwarded.items():
        for hundred, calls in enumerate(by_class):
            if hundred:
                forwarded.add_metric([outcome, f"{hundred}xx"], calls)
    yield forwarded
    refused = CounterMetricFamily("api_factory_gateway_refusals", "Calls that were not forwarded.", labels=["code"])
    for problem in PROBLEMS:
        refused.add_metric([problem.code], tally.refused[problem.code])
    yield refused
    yield CounterMetricFamily("api_factory_gateway_preflights", "CORS preflights answered.", tally.preflights)
    yield _histogram(
        "own_seconds", "The gateway's own part of a call, with Redis, until its answer may end; no streams.", tally.own
    )
    yield _histogram("origin_seconds", "Until the head of the backend's answer, or its failure.", tally.origin)
    yield _gauge("in_flight", "Requests that are being answered.", runtime.engine.in_flight)


def _backends(runtime: Runtime) -> Iterator[Metric]:
    opened, idle = runtime.upstream.counts
    yield _labelled("backend_connections", "Connections to backends.", "state", {"busy": opened - idle, "idle": idle})
    faults = CounterMetricFamily(
        "api_factory_gateway_unit_faults", "Reported units that could not be billed as they stood.", labels=["fault"]
    )
    for fault in UnitFault:
        faults.add_metric([fault], unit_faults[fault])
    yield faults
    health = runtime.engine.health
    yield _gauge("suspended_backends", "Backends that get no calls because they hardly answered.", health.suspended)
    yield CounterMetricFamily(
        "api_factory_gateway_suspensions", "How often one was suspended, failed trials too.", health.suspensions
    )


def _metering(metering: CountersClient) -> Iterator[Metric]:
    counts = metering.counts()
    yield _gauge("redis_available", "1 while calls can be counted in Redis.", int(metering.is_available))
    yield CounterMetricFamily(
        "api_factory_gateway_local_calls", "Calls that passed while Redis was away.", metering.local_calls
    )
    yield _labelled(
        "events",
        "Usage events that this process keeps: not taken by Redis, not stored by the meter, and on the disk as well.",
        "state",
        {"deferred": counts["deferred"], "held": counts["held"], "spooled": metering.spooled},
    )
    yield _gauge("leases", "Calls that hold a lease.", counts["in_flight"])


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"api_factory_gateway_{name}", meaning, value)


def _labelled(name: str, meaning: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(f"api_factory_gateway_{name}", meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _histogram(name: str, meaning: str, histogram: Histogram) -> Metric:
    total, buckets = 0, []
    for bound, count in zip((*map(str, histogram.bounds), "+Inf"), histogram.counts, strict=True):
        total += count
        buckets.append((bound, total))
    return HistogramMetricFamily(f"api_factory_gateway_{name}", meaning, buckets=buckets, sum_value=histogram.sum)
