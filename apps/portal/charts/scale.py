"""The vertical scale: round ticks from zero, and where a value stands."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Peaks are few up to one of so many, and tower over others from so many times their height.
_FEW = 5
_TOWERING = 4


@dataclass(frozen=True)
class Scale:
    ticks: tuple[float, ...]
    height: int

    def y(self, value: float) -> float:
        """Pixels from the top, which nothing goes beyond."""
        return max(0.0, self.height - value / self.ticks[-1] * self.height)

    def is_clipped(self, value: float) -> bool:
        return value > self.ticks[-1]


def scale_for(highest: float, *, height: int, whole: bool) -> Scale:
    return Scale(tuple(nice_ticks(highest, whole=whole)), height)


def usual_height(peaks: Sequence[float]) -> float:
    """How high the axis must reach for what is usual: without the few peaks that tower over all others.

    At most a fifth of the peaks are left out, each at least four times as high as the highest that stays.
    """
    ordered = sorted(peaks, reverse=True)
    for left_out in range(len(ordered) // _FEW, 0, -1):
        if ordered[left_out - 1] > ordered[left_out] * _TOWERING and ordered[left_out] > 0:
            return ordered[left_out]
    return ordered[0] if ordered else 0


def nice_ticks(highest: float, *, wanted: int = 4, whole: bool = True) -> list[float]:
    """Round steps from zero to the first at or above `highest`: 1, 2, 2.5 or 5 times a power of ten.

    `whole` keeps steps to whole numbers, for things that are counted.
    """
    if highest <= 0:
        return [0, 1]
    raw = highest / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    steps = [power * factor for factor in (1, 2, 2.5, 5, 10)]
    step = next((step for step in steps if step >= raw * 0.999999 and (not whole or step % 1 == 0)), 1.0)
    return [round(step * index, 10) for index in range(math.ceil(highest / step - 1e-9) + 1)]


def rounded(value: float) -> float:
    """Two decimals are finer than a pixel."""
    return round(value, 2)
