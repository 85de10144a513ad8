"""The demo as its visitors meet it: with the keys of `demo.json`, through a real gateway, to the real backends."""

import datetime as dt
import http.client
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from django.core.management import call_command
from django.db.models import Sum
from django.test import override_settings

from apps.billing.models import Invoice
from apps.core import clock
from apps.demo.loader import load_demo
from apps.keys import secret
from apps.keys.models import ApiKey
from apps.subscriptions.selectors import list_due
from apps.usage.counters.keys import STATE_KEYS
from apps.usage.models import StaleCounter, UsageEvent
from tests.demo.conftest import weather
from tests.processes import Server, address, gateway, httpbin, meter, running, wait_until, web

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.scenario, pytest.mark.long]


def call(server: Server, path: str, key: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=20)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def remaining(headers: dict[str, str], policy: str) -> int:
    """The `r` of a policy in the RateLimit field."""
    found = re.search(rf'"{policy}";[^,]*\br=(\d+)', headers["ratelimit"])
    assert found is not None, headers["ratelimit"]
    return int(found[1])


def test_keys_call_what_their_plan_opens(tmp_path: Path, redis_client: "redis.Redis") -> None:
    backends = (weather(), httpbin())
    # The backend of Hello; it calls nobody itself.
    portal = web(local_dir=tmp_path, gateway_url="http://127.0.0.1:9", upstreams=[])
    upstreams = [address(server.url) for server in (*backends, portal)]
    gate = gateway(upstreams=upstreams)
    with running(*backends, portal, gate, meter()):
        # Every shard has counters before the past is loaded, as on an installation that runs.
        wait_until(lambda: redis_client.exists(*STATE_KEYS) == len(STATE_KEYS), what="counters of every shard")
        with override_settings(
            LOCAL_DIR=tmp_path,
            DEMO_BACKENDS={backend.name: backend.url for backend in backends} | {"hello": f"{portal.url}/api/v1/hello"},
            UPSTREAM_ALLOW=upstreams,
        ):
            load_demo(lambda _: None)
        wait_until(lambda: not StaleCounter.objects.exists(), seconds=40, what="counters counted anew")
        content: dict[str, Any] = json.loads((tmp_path / "demo.json").read_text())

        for key in content["api_keys"]:
            subscription = ApiKey.objects.get(digest=secret.digest(key["key"])).subscription
            this_month = UsageEvent.objects.filter(
                subscription=subscription, occurred_at__gte=subscription.current_period_start
            )
            past = this_month.aggregate(units=Sum("units"))["units"]
            status, headers, body = call(gate, key["path"], key["key"])
            assert status == 200, (key["path"], body)
            if subscription.plan.slug == "free" and key["product"] == "weather":
                assert json.loads(body)["city"] == "Berlin"
                assert remaining(headers, "monthly") == 1000 - past - 1

        free = content["api_keys"][0]["key"]
        status, _, body = call(gate, "/weather/forecast?city=Berlin", free)
        problem = json.loads(body)
        assert (status, problem["code"]) == (403, "plan_upgrade_required")
        assert "Pro" in body.decode()

        enterprise = next(key["key"] for key in content["api_keys"] if key["plan"] == "enterprise")
        status, _, body = call(gate, "/weather/historical-data?city=Tokyo&date=2024-06-30", enterprise)
        assert (status, len(json.loads(body)["hourly_temperature_c"])) == (200, 24)

        call_command("advance_clock", "6d", stdout=StringIO())
        renewal = Invoice.objects.get(reason="renewal", organization__slug="tidewater-labs")
        assert (renewal.status, renewal.total_amount) == ("paid", 900)
        assert renewal.issued_at - renewal.period_start <= dt.timedelta(days=1)
        assert not list_due(clock.now()).exists()
        partner = next(key for key in content["api_keys"] if key["plan"] == "partner")
        wait_until(lambda: call(gate, partner["path"], partner["key"])[0] == 200, what="a key that works afterwards")
