"""The rules for Prometheus (`deploy/prometheus/`) speak of metrics, labels and alerts that there are."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from apps.core import clock
from apps.usage.counters.client import CountersClient
from apps.usage.counters.types import SHARDS
from apps.usage.models import StreamPosition
from apps.usage.reconciliation import reconcile
from tests.fakes.upstream import FakeUpstream
from tests.gateway.server import running_gateway
from tests.gateway.wire import call

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "prometheus"
SELECTOR = re.compile(r"(api_factory_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(=~?)"([^"]*)"')

Exposed = dict[str, list[dict[str, str]]]


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    assert set(document) == {"groups"}
    for group in document["groups"]:
        assert set(group) == {"name", "rules"}
    return [rule for group in document["groups"] for rule in group["rules"]]


def selectors(expression: str) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """The metrics of an expression, each with its matchers."""
    return [(name, MATCHER.findall(labels)) for name, labels in SELECTOR.findall(expression)]


def test_each_rule_is_whole_and_explained() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert [rule["alert"] for rule in rules()] == explained
    assert len(set(explained)) == len(explained)
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
        assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))
        assert selectors(rule["expr"])
        assert all(rule["expr"].count(left) == rule["expr"].count(right) for left, right in ("()", "[]", "{}"))


@pytest.fixture
def exposed(transactional_db: None, upstream: FakeUpstream, tmp_path: Path) -> Exposed:
    """The labels of every series that a gateway and a web process have, the first ones after their start."""
    for shard in range(SHARDS):
        StreamPosition.objects.update_or_create(shard=shard, defaults={"complete_until": clock.now()})
    reconcile(days=1, pause_seconds=0)
    with running_gateway(allow=[upstream.address], metering=CountersClient(spool_folder=tmp_path)) as gateway:
        told = call(f"{gateway.url}/_gateway/metrics").body.decode()
    found: Exposed = {}
    for text in (told, Client().get("/metrics").content.decode()):
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, []).append(sample.labels)
    return found


def test_what_they_name_is_exposed(exposed: Exposed) -> None:
    named = [(rule["alert"], *selector) for rule in rules() for selector in selectors(rule["expr"])]
    assert {name for _, name, _ in named} - set(exposed) == set()
    for alert, name, matchers in named:
        for label, operator, value in matchers:
            known = {labels.get(label) for labels in exposed[name]}
            wanted = set(value.split("|")) if operator == "=~" else {value}
            assert wanted <= known, f"{alert}: {name} has no {label} {wanted - known}"


def test_a_name_that_is_not_exposed_is_found() -> None:
    assert selectors('sum(rate(api_factory_x_total{a="b",c=~"d|e"}[5m])) > 0 and api_factory_y') == [
        ("api_factory_x_total", [("a", "=", "b"), ("c", "=~", "d|e")]),
        ("api_factory_y", []),
    ]
