"""Charts as plain data: scales, ticks and paths that `<c-chart>` writes as SVG.

Horizontal positions are shares of the width in percent, so that a chart fits every screen without a script and its
text keeps its size; vertical positions are pixels from the top. Lines live in a box of `PATH_WIDTH` units that the
browser stretches. Nothing here knows HTML; nothing in the template computes.
"""

from apps.portal.charts.bars import bar_chart
from apps.portal.charts.buckets import day_buckets, hour_buckets
from apps.portal.charts.lines import line_chart, sparkline
from apps.portal.charts.model import Bucket, Chart, Line, Series, Value
from apps.portal.charts.scale import nice_ticks
from apps.portal.charts.series import MAX_SERIES, limit_series

__all__ = [
    "MAX_SERIES",
    "Bucket",
    "Chart",
    "Line",
    "Series",
    "Value",
    "bar_chart",
    "day_buckets",
    "hour_buckets",
    "limit_series",
    "line_chart",
    "nice_ticks",
    "sparkline",
]
