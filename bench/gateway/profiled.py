"""A module under a sampling profiler: `python -m bench.gateway.profiled OUT MODULE [ARGUMENT …]`.

Every millisecond of CPU time, or as often as the kernel's clock ticks, the stack of the main thread is counted; what
C code takes counts for the line that calls it. SIGUSR1 begins anew, SIGUSR2 writes the counts to OUT: functions by
their own samples, then by those of what they call.
"""

import collections
import runpy
import signal
import sys
from pathlib import Path
from types import FrameType

INTERVAL_SECONDS = 0.001
SHOWN = 60


class Profiler:
    def __init__(self, out: Path) -> None:
        self._out = out
        self._begin()

    def start(self) -> None:
        signal.signal(signal.SIGPROF, self._sample)
        signal.signal(signal.SIGUSR1, lambda *_: self._begin())
        signal.signal(signal.SIGUSR2, lambda *_: self._write())
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)

    def _begin(self) -> None:
        self._own: collections.Counter[str] = collections.Counter()
        self._whole: collections.Counter[str] = collections.Counter()
        self._samples = 0

    def _sample(self, number: int, frame: FrameType | None) -> None:
        self._samples += 1
        names = []
        while frame is not None:
            names.append(_name(frame))
            frame = frame.f_back
        self._own[names[0]] += 1
        self._whole.update(set(names))  # once, however often it calls itself

    def _write(self) -> None:
        lines = [f"{self._samples} samples"]
        for title, counter in (("own", self._own), ("with what it calls", self._whole)):
            lines += ["", title]
            lines += [f"{count / self._samples:7.1%}  {name}" for name, count in counter.most_common(SHOWN)]
        self._out.write_text("\n".join(lines) + "\n")


def profile_path(folder: Path) -> Path:
    return folder / "profile.txt"


def _name(frame: FrameType) -> str:
    code = frame.f_code
    folder, _, file = code.co_filename.rpartition("/")
    return f"{folder.rpartition('/')[2]}/{file}:{code.co_firstlineno} {code.co_qualname}"


if __name__ == "__main__":
    Profiler(Path(sys.argv[1])).start()
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
