"""What `/metrics` tells Prometheus: gathered from Redis and Postgres when it is read, so any process can answer.

An app adds what it knows with `register`, in its `AppConfig.ready()`. A collector that cannot reach what it reads is
left out, and `api_factory_scrape_errors` says so.
"""

import hmac
import ipaddress
import logging
import platform
from collections.abc import Callable, Iterable, Iterator

import django
import redis
from django.conf import settings
from django.db import Error
from django.http import HttpRequest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector as PrometheusCollector
from prometheus_client.registry import CollectorRegistry

from apps.core import request_metrics
from apps.core.redis_client import impatient_redis

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# Celery's own list, in which tasks wait.
_QUEUES = ("celery",)
# What a proxy adds: a request with one of them did not begin on this machine.
_FORWARDING_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")

Collect = Callable[[], Iterable[Metric]]
_collects: list[Collect] = []

logger = logging.getLogger(__name__)


def register(collect: Collect) -> None:
    """Let `/metrics` tell what this function yields, too."""
    if collect not in _collects:
        _collects.append(collect)


def exposition() -> bytes:
    """All metrics in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Everything())
    return generate_latest(registry)


def may_read_metrics(request: HttpRequest) -> bool:
    """With `METRICS_TOKEN` set, who sends it; else a program on this machine, not through a proxy on it."""
    if settings.METRICS_TOKEN:
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(sent.encode(), settings.METRICS_TOKEN.encode())
    if any(name in request.headers for name in _FORWARDING_HEADERS):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class _Everything(PrometheusCollector):
    def collect(self) -> Iterator[Metric]:
        errors = 0
        for collect in (_build, _queues, request_metrics.collect, *_collects):
            try:
                found = list(collect())
            except (Error, redis.RedisError):
                logger.warning("metrics of %s left out", collect.__module__, exc_info=True)
                errors += 1
            else:
                yield from found
        yield GaugeMetricFamily("api_factory_scrape_errors", "Groups of metrics that could not be read.", errors)


def _build() -> Iterator[Metric]:
    info = GaugeMetricFamily(
        "api_factory_build_info", "What runs here; always 1.", labels=["version", "python", "django"]
    )
    info.add_metric([settings.VERSION, platform.python_version(), django.get_version()], 1)
    yield info


def _queues() -> Iterator[Metric]:
    depth = GaugeMetricFamily("api_factory_queue_depth", "Tasks that wait for a worker.", labels=["queue"])
    client = impatient_redis(settings.BROKER_URL)
    for queue in _QUEUES:
        depth.add_metric([queue], client.llen(queue))
    yield depth
