"""What a chart is made of, before and after it is laid out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Value = float | int | None
Write = Callable[[float], object]


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
class EndLabel:
    """The name of a line, where it ends."""

    y: float
    text: str
    tone: str


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
    tone: str
    path: str
    area: str
    open_path: str  # the step into the incomplete bucket, dashed


@dataclass(frozen=True)
class Peak:
    """A value above the axis, marked at its top; `text` is what it really is, empty where there is no room for it."""

    x: float
    tone: str
    text: str
    anchor: str  # of the text: start, middle or end


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
    ticks: Sequence[Tick]
    labels: Sequence[AxisLabel]
    rows: Sequence[Row]
    slot_width: float
    bars: Sequence[Bar]
    lines: Sequence[Line]
    ends: Sequence[EndLabel]
    peaks: Sequence[Peak]
    incomplete_x: float | None
    is_empty: bool
    csv_url: str
