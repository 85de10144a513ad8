"""What `/metrics` tells about metering: how much waits to be stored, and how far behind what is stored."""

from collections.abc import Iterator

from django.conf import settings
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from apps.core import clock
from apps.core.redis_client import impatient_redis
from apps.usage.counters.keys import shard_key
from apps.usage.counters.types import SHARDS
from apps.usage.models import QuarantinedEntry, StaleCounter
from apps.usage.reconciliation import last_run
from apps.usage.selectors import find_complete_until


def collect() -> Iterator[Metric]:
    """What is not stored yet, in all and of the fullest shard; the watermark; what needs care."""
    client = impatient_redis(settings.COUNTERS_URL)
    # One by one, not in a transaction: in a cluster, shards live on several servers.
    lengths = [client.xlen(shard_key(shard, "stream")) for shard in range(SHARDS)]
    yield GaugeMetricFamily(
        "api_factory_usage_stream_entries", "Calls that the meter has not stored yet.", sum(lengths)
    )
    yield GaugeMetricFamily(
        "api_factory_usage_stream_entries_fullest", "The same, of the shard that has the most.", max(lengths)
    )
    complete_until = find_complete_until()
    if complete_until is not None:
        yield GaugeMetricFamily(
            "api_factory_usage_watermark_age_seconds",
            "How long ago the moment is up to which every call is stored; absent while it is not known.",
            max(0.0, (clock.now() - complete_until).total_seconds()),
        )
    yield GaugeMetricFamily(
        "api_factory_usage_quarantined_entries",
        "Entries of the stream that could not be stored.",
        QuarantinedEntry.objects.count(),
    )
    yield GaugeMetricFamily(
        "api_factory_usage_stale_counters", "Counters that wait to be counted anew.", StaleCounter.objects.count()
    )
    if (run := last_run()) is not None:
        yield GaugeMetricFamily(
            "api_factory_usage_reconciliation_differences",
            "Numbers that the last reconciliation found to be wrong; absent while there was none.",
            run.differences,
        )
        yield GaugeMetricFamily(
            "api_factory_usage_reconciliation_age_seconds",
            "How long ago the last reconciliation ended.",
            max(0.0, (clock.now() - run.ended_at).total_seconds()),
        )
