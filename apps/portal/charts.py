"""Charts as plain data: scales, ticks and paths that `<c-chart>` writes as SVG.

Horizontal positions are shares of the width in percent, so that a chart fits every screen without a script and its
text keeps its size; vertical positions are pixels from the top. Lines live in a box of `PATH_WIDTH` units that the
browser stretches. Nothing here knows HTML; nothing in the template computes.
"""

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.portal import formats

PATH_WIDTH = 1000
MAX_SERIES = 5
_LABEL_HEIGHT = 14  # pixels that a direct label needs

Value = float | int | None
Format = Callable[[float], object]


@dataclass(frozen=True)
class Bucket:
    """One step of the time axis. `short` stands on the axis, `title` in the tooltip and the table."""

    short: str
    title: str
    incomplete: bool = False  # still being filled: hatched


@dataclass(frozen=True)
class Series:
    """Values by bucket, None where nothing is known. `tone` is 1 to 5, or the name of a state: red, amber, green."""

    name: str
    values: Sequence[Value]
    tone: str = "1"


@dataclass(frozen=True)
class Tick:
    y: float
    text: str


@dataclass(frozen=True)
class AxisLabel:
    x: float
    text: str
    minor: bool  # left out on a narrow screen


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    tone: str
    incomplete: bool


@dataclass(frozen=True)
class Line:
    name: str
    tone: str
    path: str
    area: str
    open_path: str  # the step into the incomplete bucket, dashed


@dataclass(frozen=True)
class Row:
    """A bucket as a line of the table behind the chart; `x` is its left edge, where the pointer finds it."""

    x: float
    title: str
    cells: Sequence[str]
    incomplete: bool


@dataclass(frozen=True)
class Chart:
    title: str
    summary: str
    height: int
    series: Sequence[Series]
    totals: Sequence[str]
    ticks: Sequence[Tick]
    labels: Sequence[AxisLabel]
    rows: Sequence[Row]
    slot_width: float
    bars: Sequence[Bar] = ()
    lines: Sequence[Line] = ()
    ends: Sequence[tuple[float, str, str]] = ()  # y, name, tone: direct labels at the right
    incomplete_x: float | None = None
    is_empty: bool = False
    csv_url: str = ""


def nice_ticks(highest: float, *, wanted: int = 4, whole: bool = True) -> list[float]:
    """Round steps from zero to the first at or above `highest`: 1, 2, 2.5 or 5 times a power of ten.

    `whole` keeps steps at 1 or above, for things that are counted.
    """
    if highest <= 0:
        return [0, 1]
    raw = highest / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    steps = [power * factor for factor in (1, 2, 2.5, 5, 10)]
    step = next(step for step in steps if step >= raw * 0.999999 and (not whole or step % 1 == 0 or step == steps[-1]))
    if whole:
        step = max(1.0, step)
    return [round(step * index, 10) for index in range(math.ceil(highest / step - 1e-9) + 1)]


def limit_series(series: Sequence[Series]) -> list[Series]:
    """At most five: where there are more, the smallest are summed as "Other". Tones are given in order of size."""
    ordered = sorted(series, key=lambda one: -sum(value or 0 for value in one.values))
    if len(ordered) > MAX_SERIES:
        rest = ordered[MAX_SERIES - 1 :]
        columns = zip(*(one.values for one in rest), strict=True)
        ordered = [*ordered[: MAX_SERIES - 1], Series(_("Other"), [sum(v or 0 for v in column) for column in columns])]
    return [Series(one.name, one.values, str(index)) for index, one in enumerate(ordered, start=1)]


def bar_chart(
    title: str,
    buckets: Sequence[Bucket],
    series: Sequence[Series],
    *,
    summary: str,
    height: int = 180,
    write: Format = formats.count,
    csv_url: str = "",
) -> Chart:
    """Counts by bucket; several series are stacked in the given order, from the bottom."""
    columns = list(zip(*(one.values for one in series), strict=True))
    highest = max((sum(value or 0 for value in column) for column in columns), default=0)
    ticks = nice_ticks(highest)
    slot = 100 / max(1, len(buckets))
    gap = slot * 0.18
    bars = []
    for index, column in enumerate(columns):
        base = 0.0
        for one, value in zip(series, column, strict=True):
            if value:
                top, bottom = _y(base + value, ticks, height), _y(base, ticks, height)
                # What is not zero can be seen: at least one pixel.
                size = max(1.0, bottom - top)
                bars.append(
                    Bar(
                        _round(index * slot + gap / 2), _round(bottom - size), _round(slot - gap), _round(size),
                        one.tone, buckets[index].incomplete,
                    )  # fmt: skip
                )
                base += value
    return _chart(title, buckets, series, ticks, height, write, summary, csv_url, bars=bars)


def line_chart(
    title: str,
    buckets: Sequence[Bucket],
    series: Sequence[Series],
    *,
    summary: str,
    height: int = 180,
    write: Format = formats.count,
    whole: bool = False,
    csv_url: str = "",
) -> Chart:
    """Measures by bucket, such as p50, p95 and p99. A bucket without a value is a gap in the line, never a zero."""
    highest = max((value for one in series for value in one.values if value is not None), default=0)
    ticks = nice_ticks(highest, whole=whole)
    lines = [_line(one, buckets, ticks, height) for one in series]
    return _chart(
        title, buckets, series, ticks, height, write, summary, csv_url,
        lines=lines, ends=_end_labels(series, ticks, height) if len(series) > 1 else [],
    )  # fmt: skip


def _chart(
    title: str,
    buckets: Sequence[Bucket],
    series: Sequence[Series],
    ticks: list[float],
    height: int,
    write: Format,
    summary: str,
    csv_url: str,
    *,
    bars: Sequence[Bar] = (),
    lines: Sequence[Line] = (),
    ends: Sequence[tuple[float, str, str]] = (),
) -> Chart:
    slot = 100 / max(1, len(buckets))
    incomplete = next((index for index, bucket in enumerate(buckets) if bucket.incomplete), None)
    return Chart(
        title=title,
        summary=summary,
        height=height,
        series=series,
        totals=[str(write(sum(value or 0 for value in one.values))) for one in series],
        ticks=[Tick(_round(_y(tick, ticks, height)), _tick_text(tick, write)) for tick in ticks],
        labels=_axis_labels(buckets),
        rows=[
            Row(_round(index * slot), bucket.title, [_cell(one.values[index], write) for one in series], bucket.incomplete)
            for index, bucket in enumerate(buckets)
        ],
        slot_width=_round(slot),
        bars=bars,
        lines=lines,
        ends=ends,
        incomplete_x=None if incomplete is None else _round(incomplete * slot),
        is_empty=not any(value for one in series for value in one.values),
        csv_url=csv_url,
    )


def _cell(value: Value, write: Format) -> str:
    return "\u2013" if value is None else str(write(value))


def _tick_text(tick: float, write: Format) -> str:
    return str(formats.compact(tick) if write is formats.count else write(tick))


def _y(value: float, ticks: list[float], height: int) -> float:
    return height - value / ticks[-1] * height


def _round(value: float) -> float:
    return round(value, 2)


def _axis_labels(buckets: Sequence[Bucket], wanted: int = 6) -> list[AxisLabel]:
    every = max(1, math.ceil(len(buckets) / wanted))
    slot = 100 / max(1, len(buckets))
    return [
        AxisLabel(_round((index + 0.5) * slot), bucket.short, (index // every) % 2 == 1)
        for index, bucket in enumerate(buckets)
        if index % every == 0
    ]


def _line(one: Series, buckets: Sequence[Bucket], ticks: list[float], height: int) -> Line:
    slot = PATH_WIDTH / max(1, len(buckets))
    points = [
        None if value is None else (_round((index + 0.5) * slot), _round(_y(value, ticks, height)))
        for index, value in enumerate(one.values)
    ]
    closed = [None if buckets[index].incomplete else point for index, point in enumerate(points)]
    runs = _runs(closed)
    path = " ".join(_polyline(run) for run in runs)
    area = " ".join(f"{_polyline(run)}L{run[-1][0]} {height}L{run[0][0]} {height}Z" for run in runs if len(run) > 1)
    return Line(one.name, one.tone, path, area, _open_path(points, buckets))


def _open_path(points: Sequence[tuple[float, float] | None], buckets: Sequence[Bucket]) -> str:
    steps = []
    for index, bucket in enumerate(buckets):
        point, before = points[index], points[index - 1] if index else None
        if bucket.incomplete and point is not None:
            steps.append(_polyline([before, point] if before else [point]))
    return " ".join(steps)


def _runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """The stretches between gaps."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def _polyline(points: Sequence[tuple[float, float]]) -> str:
    """A single point becomes a line of no length, which round ends make a dot."""
    head, *rest = points
    return f"M{head[0]} {head[1]}" + ("".join(f"L{x} {y}" for x, y in rest) if rest else "h0")


def _end_labels(series: Sequence[Series], ticks: list[float], height: int) -> list[tuple[float, str, str]]:
    """Names at the height where their lines end, pushed apart where they would touch."""
    ends = []
    for one in series:
        last = next((value for value in reversed(one.values) if value is not None), None)
        if last is not None:
            ends.append([_y(last, ticks, height), one.name, one.tone])
    ends.sort(key=lambda end: end[0])
    lowest = float(height)
    for end in reversed(ends):
        end[0] = min(end[0], lowest)
        lowest = end[0] - _LABEL_HEIGHT
    highest = 6.0
    for end in ends:
        end[0] = max(end[0], highest)
        highest = end[0] + _LABEL_HEIGHT
    return [(_round(y), name, tone) for y, name, tone in ends]


def sparkline(values: Sequence[Value], *, height: int = 24, tone: str = "1") -> Line:
    """A small line without axes, from zero to its highest value; drawn in `PATH_WIDTH` × `height`."""
    highest = max((value for value in values if value is not None), default=0) or 1
    # The ceiling leaves room for the stroke at the top.
    return _line(Series("", values, tone), [Bucket("", "")] * len(values), [0, highest * 1.1], height)


def hour_buckets(start: dt.datetime, hours: int, now: dt.datetime) -> list[Bucket]:
    """The hours from `start` (UTC), the one that `now` falls in marked as incomplete."""
    return [_hour_bucket(start + dt.timedelta(hours=index), now) for index in range(hours)]


def _hour_bucket(hour: dt.datetime, now: dt.datetime) -> Bucket:
    incomplete = hour <= now < hour + dt.timedelta(hours=1)
    return Bucket(date_format(hour, "H:i"), date_format(hour, "j M, H:i") + " UTC", incomplete)


def day_buckets(first: dt.date, days: int, today: dt.date) -> list[Bucket]:
    """Days of the UTC calendar, today marked as incomplete."""
    dates = [first + dt.timedelta(days=index) for index in range(days)]
    return [Bucket(date_format(day, "j M"), date_format(day, "D j M Y"), day == today) for day in dates]
