from collections.abc import Sequence

from apps.portal import formats
from apps.portal.charts.layout import lay_out
from apps.portal.charts.model import Bar, Bucket, Chart, Series, Write
from apps.portal.charts.scale import Scale, rounded, scale_for

_GAP = 0.18  # of a slot


def bar_chart(
    title: str,
    buckets: Sequence[Bucket],
    series: Sequence[Series],
    *,
    summary: str,
    height: int = 180,
    write: Write = formats.count,
    csv_url: str = "",
) -> Chart:
    """Counts by bucket; several series are stacked in the given order, from the bottom."""
    columns = list(zip(*(one.values for one in series), strict=True))
    highest = max((sum(value or 0 for value in column) for column in columns), default=0)
    scale = scale_for(highest, height=height, whole=True)
    bars = _stacked(buckets, series, scale)
    return lay_out(title, buckets, series, scale, summary=summary, write=write, csv_url=csv_url, bars=bars)


def _stacked(buckets: Sequence[Bucket], series: Sequence[Series], scale: Scale) -> list[Bar]:
    slot = 100 / max(1, len(buckets))
    bars = []
    for index, bucket in enumerate(buckets):
        base = 0.0
        for one in series:
            value = one.values[index]
            if not value:
                continue
            bottom = scale.y(base)
            base += value
            size = max(1.0, bottom - scale.y(base))  # what is not zero can be seen
            bars.append(
                Bar(
                    x=rounded((index + _GAP / 2) * slot),
                    y=rounded(bottom - size),
                    width=rounded(slot * (1 - _GAP)),
                    height=rounded(size),
                    tone=one.tone,
                    incomplete=bucket.incomplete,
                )
            )
    return bars
