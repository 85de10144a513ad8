"""What bar and line charts share: the axes, the slots of the pointer, the table behind."""

import math
import re
from collections.abc import Sequence

from apps.portal import formats
from apps.portal.charts.model import (
    AxisLabel,
    Bar,
    Bucket,
    Chart,
    EndLabel,
    Line,
    Peak,
    Row,
    Series,
    Tick,
    Value,
    Write,
)
from apps.portal.charts.scale import Scale, rounded

_AXIS_LABELS = 6
_NOTHING = "\u2013"
# Ticks are round, so that "5.00 s" says no more than "5 s".
_TRAILING_ZEROS = re.compile(r"([.,]\d*?)0+(?!\d)")


def lay_out(
    title: str,
    buckets: Sequence[Bucket],
    series: Sequence[Series],
    scale: Scale,
    *,
    summary: str,
    write: Write,
    csv_url: str,
    bars: Sequence[Bar] = (),
    lines: Sequence[Line] = (),
    ends: Sequence[EndLabel] = (),
    peaks: Sequence[Peak] = (),
) -> Chart:
    slot = 100 / max(1, len(buckets))
    incomplete = next((index for index, bucket in enumerate(buckets) if bucket.incomplete), None)
    return Chart(
        title=title,
        summary=summary,
        height=scale.height,
        series=series,
        ticks=[Tick(rounded(scale.y(tick)), _tick_text(tick, write)) for tick in scale.ticks],
        labels=_axis_labels(buckets, slot),
        rows=[
            Row(
                x=rounded(index * slot),
                title=bucket.title,
                cells=[_cell(one.values[index], write) for one in series],
                incomplete=bucket.incomplete,
            )
            for index, bucket in enumerate(buckets)
        ],
        slot_width=rounded(slot),
        bars=bars,
        lines=lines,
        ends=ends,
        peaks=peaks,
        incomplete_x=None if incomplete is None else rounded(incomplete * slot),
        is_empty=not any(value for one in series for value in one.values),
        csv_url=csv_url,
    )


def _cell(value: Value, write: Write) -> str:
    return _NOTHING if value is None else str(write(value))


def _tick_text(tick: float, write: Write) -> str:
    text = str(formats.compact(tick) if write is formats.count else write(tick))
    return _TRAILING_ZEROS.sub(lambda match: match[1].rstrip(".,"), text)


def _axis_labels(buckets: Sequence[Bucket], slot: float) -> list[AxisLabel]:
    every = max(1, math.ceil(len(buckets) / _AXIS_LABELS))
    return [
        AxisLabel(x=rounded((index + 0.5) * slot), text=bucket.short, minor=(index // every) % 2 == 1)
        for index, bucket in enumerate(buckets)
        if index % every == 0
    ]
