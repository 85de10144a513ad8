"""`/metrics`: what it tells, and to whom."""

from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.test import Client

from apps.usage.counters.keys import shard_key

pytestmark = pytest.mark.django_db


def read(client: Client, **extra: Any) -> dict[str, float]:
    response = client.get("/metrics", **extra)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in response.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_it_counts_what_waits_and_what_was_answered(client: Client, redis_client: "redis.Redis") -> None:
    redis_client.lpush("celery", "a", "b")
    redis_client.xadd(shard_key(3, "stream"), {"x": 1})
    client.get("/_api/healthz?live")
    client.get("/api/v1/nothing")
    found = read(client)
    assert found['api_factory_queue_depth{queue="celery"}'] == 2
    assert found["api_factory_usage_stream_entries"] == 1
    assert found["api_factory_scrape_errors"] == 0
    assert any(name.startswith("api_factory_build_info{") for name in found)
    assert found['api_factory_web_requests_total{method="GET",status="2xx"}'] >= 1
    assert found['api_factory_web_requests_total{method="GET",status="4xx"}'] >= 1
    assert found['api_factory_web_request_seconds_bucket{le="+Inf"}'] == found["api_factory_web_request_seconds_count"]


def test_it_says_what_it_could_not_read(client: Client, settings: Any) -> None:
    settings.COUNTERS_URL = "redis://127.0.0.1:1/0"
    found = read(client)
    assert found["api_factory_scrape_errors"] == 1
    assert 'api_factory_queue_depth{queue="celery"}' in found


@pytest.mark.parametrize(
    "headers",
    [
        {"REMOTE_ADDR": "203.0.113.9"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
    ],
)
def test_without_a_token_it_is_for_this_machine_alone(client: Client, headers: dict[str, str]) -> None:
    assert client.get("/metrics", **headers).status_code == 404


def test_with_a_token_it_is_for_who_sends_it(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "scrape-me"
    read(client, headers={"Authorization": "Bearer scrape-me"}, REMOTE_ADDR="203.0.113.9")
    for sent in ("", "Bearer", "Bearer scrape-m", "Bearer é"):
        assert client.get("/metrics", headers={"Authorization": sent}).status_code == 404
    assert client.post("/metrics").status_code == 405
    assert django_settings.METRICS_TOKEN == "scrape-me"
