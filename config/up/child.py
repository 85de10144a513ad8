"""One process that is kept alive."""

import enum
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from config.embedded.process import Output
from config.up.logs import ChildLog, ProblemFilter

# A child that lived this long was well: its next start is not delayed by earlier failures.
HEALTHY_SECONDS = 10.0
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0


class Stage(enum.IntEnum):
    """Lower stages are stopped first: nothing loses what it stands on."""

    PROCESS = 1
    BACKEND = 2
    SERVER = 3


@dataclass
class Child:
    """`start` begins the process with the given output and returns it."""

    name: str
    stage: Stage
    start: Callable[[Output], subprocess.Popen[bytes]]
    log: ChildLog
    stop_signal: signal.Signals = signal.SIGTERM
    problems: ProblemFilter = field(default_factory=ProblemFilter)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_due_at: float | None = None
    failures: int = 0

    def ended(self) -> float:
        """Note that the process ended by itself; returns the delay in seconds until the next start."""
        now = time.monotonic()
        if now - self.started_at >= HEALTHY_SECONDS:
            self.failures = 0
        delay = min(FIRST_DELAY * 2.0 ** min(self.failures, 10), LONGEST_DELAY)
        self.failures += 1
        self.process = None
        self.start_due_at = now + delay
        return delay


def describe_exit(code: int) -> str:
    """How a process ended, from its return code."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
