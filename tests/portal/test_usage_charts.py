"""What the charts of usage say in words, and their axes."""

import datetime as dt

from apps.portal.usage.charts import UsageCharts, usage_charts
from apps.portal.usage.ranges import read_range
from apps.usage.selectors import UsagePoint, UsageStats

NOW = dt.datetime(2026, 3, 15, 10, 30, tzinfo=dt.UTC)


def charts(*days: UsageStats, total: UsageStats | None = None) -> UsageCharts:
    """Of the last seven days, the last ones with these numbers."""
    span = read_range({"range": "7d"}, NOW)
    stats = [UsageStats()] * (7 - len(days)) + list(days)
    points = [UsagePoint(span.start + dt.timedelta(days=number), one) for number, one in enumerate(stats)]
    return usage_charts(points, total or days[-1], span, NOW)


def test_calls_errors_and_latency_stand_in_panels_of_their_own() -> None:
    found = charts(UsageStats(calls=1000, client_errors=30, server_errors=10, p50=8, p95=20, p99=90))
    assert [one.name for one in found.calls.series] == ["Calls"]
    assert [one.name for one in found.errors.series] == ["4xx", "5xx"]
    assert [one.name for one in found.latency.series] == ["p50", "p95", "p99"]
    assert found.calls.summary == "1\u202f000 calls in the last 7 days"
    assert found.errors.summary == "4\u202f% of the calls: 40"
    assert found.latency.summary == "Half of the calls within 8.0\u202fms, 95 % within 20\u202fms"


def test_days_without_calls_have_no_latency_rather_than_none_at_all() -> None:
    found = charts(UsageStats(calls=1, p50=8, p95=8, p99=8))
    assert [row.cells[0] for row in found.latency.rows][:6] == ["–"] * 6
    assert [row.cells[0] for row in found.calls.rows][:6] == ["0"] * 6


def test_today_is_not_complete() -> None:
    rows = charts(UsageStats(calls=1)).calls.rows
    assert [row.incomplete for row in rows] == [False] * 6 + [True]


def test_the_axis_of_latency_has_no_idle_zeros() -> None:
    found = charts(UsageStats(calls=1, p50=4000, p95=12_000, p99=19_000))
    assert [tick.text for tick in found.latency.ticks] == [
        "0\u202fms",
        "5\u202fs",
        "10\u202fs",
        "15\u202fs",
        "20\u202fs",
    ]


def test_without_calls_the_charts_say_so() -> None:
    found = charts(UsageStats())
    assert found.calls.is_empty
    assert (found.errors.summary, found.latency.summary) == ("None", "No calls")
