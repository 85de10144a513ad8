"""The memory of a process while something else goes on."""

import threading
import time
from types import TracebackType
from typing import Self

from bench.gateway.cpu import rss_mb

INTERVAL_SECONDS = 0.5


class MemoryWatch:
    """Samples the resident memory of a process tree, in MB, from `with` to its end."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory", daemon=True)
        self.samples: list[tuple[float, float]] = []  # seconds since the start, MB

    @property
    def first(self) -> float:
        return self.samples[0][1]

    @property
    def peak(self) -> float:
        return max(size for _, size in self.samples)

    def at(self, seconds: float) -> float:
        """The sample nearest to this time."""
        return min(self.samples, key=lambda sample: abs(sample[0] - seconds))[1]

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        self._sample()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        self._sample()

    def _run(self) -> None:
        while not self._ended.wait(INTERVAL_SECONDS):
            self._sample()

    def _sample(self) -> None:
        self.samples.append((time.monotonic() - self._started, rss_mb(self._pid)))
