from collections.abc import Sequence

from apps.portal import formats
from apps.portal.charts.layout import lay_out
from apps.portal.charts.model import Bucket, Chart, EndLabel, Line, Peak, Series, Value, Write
from apps.portal.charts.scale import Scale, rounded, scale_for, usual_height

PATH_WIDTH = 1000
_LABEL_HEIGHT = 14  # pixels that a direct label needs
_HEADROOM = 1.1  # room for the stroke of a sparkline
_PEAK_ROOM = 24.0  # percent of the width that the text of a peak needs on a narrow screen, also one that is moved in

Point = tuple[float, float]


def line_chart(
    title: str,
    buckets: Sequence[Bucket],
    series: Sequence[Series],
    *,
    summary: str,
    height: int = 180,
    write: Write = formats.count,
    whole: bool = False,
    csv_url: str = "",
) -> Chart:
    """Measures by bucket, such as p50, p95 and p99. A bucket without a value is a gap in the line, never a zero.

    A few values that tower over all others are cut off at the top and marked there, so that they do not press the
    rest onto the axis; the table has them as they are.
    """
    scale = scale_for(usual_height([peak for peak in _peaks(series) if peak is not None]), height=height, whole=whole)
    return lay_out(
        title,
        buckets,
        series,
        scale,
        summary=summary,
        write=write,
        csv_url=csv_url,
        lines=[_line(one, [bucket.incomplete for bucket in buckets], scale) for one in series],
        ends=_end_labels(series, scale) if len(series) > 1 else [],
        peaks=_clipped(series, scale, write),
    )


def sparkline(values: Sequence[Value], *, height: int = 24, tone: str = "1") -> Line:
    """A small line without axes, from zero to its highest value; drawn in `PATH_WIDTH` × `height`."""
    highest = max((value for value in values if value is not None), default=0) or 1
    return _line(Series("", values, tone), [False] * len(values), Scale((0, highest * _HEADROOM), height))


def _peaks(series: Sequence[Series]) -> list[Value]:
    """The highest value of each bucket."""
    columns = zip(*(one.values for one in series), strict=True)
    return [max((value for value in column if value is not None), default=None) for column in columns]


def _clipped(series: Sequence[Series], scale: Scale, write: Write) -> list[Peak]:
    """A mark for each bucket that goes beyond the scale, in the tone of its highest line."""
    found: list[Peak] = []
    peaks = _peaks(series)
    written = -_PEAK_ROOM
    for index, value in enumerate(peaks):
        if value is None or not scale.is_clipped(value):
            continue
        x = rounded((index + 0.5) * 100 / len(peaks))
        has_room = x - written >= _PEAK_ROOM
        written = x if has_room else written
        tone = next(one.tone for one in series if one.values[index] == value)
        anchor = "start" if x < _PEAK_ROOM / 2 else "end" if x > 100 - _PEAK_ROOM / 2 else "middle"
        found.append(Peak(x, tone, str(write(value)) if has_room else "", anchor))
    return found


def _line(one: Series, incomplete: Sequence[bool], scale: Scale) -> Line:
    slot = PATH_WIDTH / max(1, len(one.values))
    points = [
        None if value is None else (rounded((index + 0.5) * slot), rounded(scale.y(value)))
        for index, value in enumerate(one.values)
    ]
    closed = [None if is_open else point for point, is_open in zip(points, incomplete, strict=True)]
    runs = _runs(closed)
    return Line(
        tone=one.tone,
        path=" ".join(_polyline(run) for run in runs),
        area=" ".join(
            f"{_polyline(run)}L{run[-1][0]} {scale.height}L{run[0][0]} {scale.height}Z" for run in runs if len(run) > 1
        ),
        open_path=" ".join(_open_steps(points, incomplete)),
    )


def _open_steps(points: Sequence[Point | None], incomplete: Sequence[bool]) -> list[str]:
    """From the point before to the one that is not final yet."""
    steps = []
    for index, point in enumerate(points):
        if incomplete[index] and point is not None:
            before = points[index - 1] if index else None
            steps.append(_polyline([point] if before is None else [before, point]))
    return steps


def _runs(points: Sequence[Point | None]) -> list[list[Point]]:
    """The stretches between gaps."""
    runs: list[list[Point]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def _polyline(points: Sequence[Point]) -> str:
    """A single point becomes a line of no length, which round ends make a dot."""
    (x, y), *rest = points
    return f"M{x} {y}" + ("".join(f"L{x} {y}" for x, y in rest) or "h0")


def _end_labels(series: Sequence[Series], scale: Scale) -> list[EndLabel]:
    """Names at the height where their lines end, pushed apart where they would touch."""
    ends = []
    for one in series:
        last = next((value for value in reversed(one.values) if value is not None), None)
        if last is not None:
            ends.append((scale.y(last), one))
    ends.sort(key=lambda end: end[0])
    labels: list[EndLabel] = []
    for index, (y, one) in enumerate(ends):
        highest = labels[-1].y + _LABEL_HEIGHT if labels else 0
        lowest = scale.height - _LABEL_HEIGHT * (len(ends) - 1 - index)
        labels.append(EndLabel(rounded(max(highest, min(y, lowest))), one.name, one.tone))
    return labels
