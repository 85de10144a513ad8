"""The charts of usage over time: calls, errors beside them, and latency."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.portal import charts, formats
from apps.portal.usage.ranges import DateRange
from apps.usage.selectors import Scope, UsagePoint, UsageStats, usage_by_day, usage_by_hour


@dataclass(frozen=True)
class UsageCharts:
    calls: charts.Chart
    errors: charts.Chart
    latency: charts.Chart


def points_of(scope: Scope, span: DateRange) -> list[UsagePoint]:
    """A point for every bucket of the range."""
    read = usage_by_hour if span.is_hourly else usage_by_day
    return read(scope, span.start, span.end)


def usage_charts(
    points: Sequence[UsagePoint], total: UsageStats, span: DateRange, now: dt.datetime, *, csv_url: str = ""
) -> UsageCharts:
    """`total` is the whole range together, because percentiles do not add up."""
    buckets = _buckets(span, now)
    stats = [point.stats for point in points]
    return UsageCharts(
        calls=charts.bar_chart(
            _("Calls by hour") if span.is_hourly else _("Calls by day"),
            buckets,
            [charts.Series(_("Calls"), [one.calls for one in stats])],
            summary=ngettext("%(calls)s call in %(span)s", "%(calls)s calls in %(span)s", total.calls)
            % {"calls": formats.grouped(total.calls), "span": span.words},
            csv_url=csv_url,
        ),
        errors=charts.bar_chart(
            _("Errors"),
            buckets,
            [
                charts.Series(_("4xx"), [one.client_errors for one in stats], "amber"),
                charts.Series(_("5xx"), [one.server_errors for one in stats], "red"),
            ],
            summary=_errors_in_words(total),
            height=140,
            csv_url=csv_url,
        ),
        latency=charts.line_chart(
            _("Latency of the backend"),
            buckets,
            [
                charts.Series("p50", [one.p50 for one in stats], "1"),
                charts.Series("p95", [one.p95 for one in stats], "2"),
                charts.Series("p99", [one.p99 for one in stats], "4"),
            ],
            summary=_latency_in_words(total),
            height=140,
            write=formats.milliseconds,
            csv_url=csv_url,
        ),
    )


def _buckets(span: DateRange, now: dt.datetime) -> list[charts.Bucket]:
    if span.is_hourly:
        return charts.hour_buckets(span.start, span.buckets, now)
    return charts.day_buckets(span.first, span.buckets, now.date())


def _errors_in_words(total: UsageStats) -> str:
    if not total.errors:
        return _("None")
    share = formats.percent(total.errors / total.calls)
    return _("%(share)s of the calls: %(errors)s") % {"share": share, "errors": formats.grouped(total.errors)}


def _latency_in_words(total: UsageStats) -> str:
    if total.p50 is None or total.p95 is None:
        return _("No calls")
    return _("Half of the calls within %(p50)s, 95 %% within %(p95)s") % {
        "p50": formats.milliseconds(total.p50),
        "p95": formats.milliseconds(total.p95),
    }
