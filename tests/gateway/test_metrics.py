"""What a gateway process tells Prometheus about itself."""

from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from apps.usage.counters.client import CountersClient
from tests.fakes.upstream import Exchange, FakeUpstream
from tests.gateway.server import RunningGateway, running_gateway
from tests.gateway.shop import Shop, open_shop
from tests.gateway.wire import Headers, call
from tests.processes import free_port, wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")


def metrics(gateway: RunningGateway, headers: Headers = ()) -> dict[str, float]:
    """Every sample, by its name and labels as they stand in the text."""
    reply = call(f"{gateway.url}/_gateway/metrics", "GET", headers)
    assert reply.status == 200
    assert (reply.get("Content-Type") or "").startswith("text/plain; version=0.0.4")
    samples = {}
    for family in text_string_to_metric_families(reply.body.decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            samples[f"{sample.name.removeprefix('api_factory_gateway_')}{{{labels}}}"] = sample.value
    return samples


def test_calls_are_counted_by_what_became_of_them(make_shop: Callable[..., Shop], gateway: RunningGateway) -> None:
    shop = make_shop(quota=4)
    before = metrics(gateway)

    async def fails(exchange: Exchange) -> None:
        await exchange.answer(500)

    async def breaks(exchange: Exchange) -> None:
        raise OSError("closed by the test")

    shop.call("/things")
    shop.call("/things", "POST", body=b"{}")
    shop.backend_does(fails)
    shop.call("/things")
    shop.backend_does(breaks)
    shop.call("/things")
    shop.call("/things/1")
    shop.call("/things/2")
    shop.call("/things/3")
    for path in ("/secret-path", "/other-path"):
        shop.call(path)
    after = metrics(gateway)
    changed = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    assert {name: value for name, value in changed.items() if name.startswith(("calls", "refusals"))} == {
        "calls_total{outcome=completed,status=2xx}": 4,
        "calls_total{outcome=completed,status=5xx}": 1,
        "calls_total{outcome=upstream_invalid,status=5xx}": 1,
        "refusals_total{code=quota_exceeded}": 1,
        "refusals_total{code=route_not_found}": 2,
    }
    for part in ("own_seconds", "origin_seconds"):
        assert changed[f"{part}_count{{}}"] == changed[f"{part}_bucket{{le=+Inf}}"] == 6
        assert 0 < changed[f"{part}_sum{{}}"] < 60
    assert after["in_flight{}"] == 0  # this request is not a call
    assert after["directory_entries{kind=products}"] >= 1
    assert after["suspended_backends{}"] == 0
    # Nobody is named: not the product, not the path, not the key.
    assert not any(word in name for name in after for word in (shop.product.slug, "path", shop.secret[:12]))


def test_connections_to_backends_are_counted_while_they_are_used(shop: Shop, gateway: RunningGateway) -> None:
    shop.call("/things")
    wait_until(lambda: metrics(gateway)["backend_connections{state=idle}"] >= 1, what="an idle connection")


def test_who_may_read_them(gateway: RunningGateway, settings: Settings) -> None:
    url = f"{gateway.url}/_gateway/metrics"
    assert call(url, "GET", [("X-Forwarded-For", "192.0.2.1")]).status == 404
    settings.METRICS_TOKEN = "prometheus-token"
    assert call(url, "GET").status == 404
    assert call(url, "GET", [("Authorization", "Bearer wrong")]).status == 404
    assert metrics(gateway, [("Authorization", "Bearer prometheus-token")])


def test_calls_that_pass_without_redis_are_seen(open_database: None, upstream: FakeUpstream, tmp_path: Path) -> None:
    nowhere = CountersClient(f"redis://127.0.0.1:{free_port()}/0", spool_folder=tmp_path)
    with running_gateway(allow=[upstream.address], metering=nowhere) as gateway:
        free, bounded = open_shop(gateway, upstream, per_minute=2), open_shop(gateway, upstream, quota=5)
        replies = [free.call("/things") for _ in range(3)]
        assert [reply.status for reply in replies] == [200, 200, 429]
        assert replies[0].get("X-RateLimit-Remaining") == "1"
        assert bounded.call("/things").status == 503
        seen = metrics(gateway)
        assert (seen["redis_available{}"], seen["local_calls_total{}"]) == (0, 2)
        assert (seen["events{state=deferred}"], seen["events{state=spooled}"]) == (2, 2)
        assert seen["refusals_total{code=unavailable}"] == 1
    (spool,) = tmp_path.iterdir()
    assert spool.read_bytes().count(b"\n") == 2
