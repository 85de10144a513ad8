"""The log file of a child, and the few lines of it that deserve the terminal."""

import re
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

MAX_BYTES = 10_000_000
PROBLEM = re.compile(r"\b(CRITICAL|ERROR)\b")
# At most so many problem lines per child and window reach the terminal: a lost server makes every child complain.
SHOWN_PER_WINDOW = 3
WINDOW_SECONDS = 30.0


class ChildLog:
    """`<folder>/<name>.log`: each line with its time. A full file is kept once, as `<name>.log.1`."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.log"
        self.tail: deque[str] = deque(maxlen=15)
        self._rest = b""
        self._file = self.path.open("ab")

    def feed(self, data: bytes) -> list[str]:
        """Write the complete lines of `data` (and of what was left before) and return them."""
        *complete, self._rest = (self._rest + data).split(b"\n")
        return [self._line(raw) for raw in complete]

    def note(self, text: str) -> None:
        """A line of the supervisor's own."""
        self._line(f"[make up] {text}".encode())

    def end(self) -> str:
        """The last lines, indented: for a message."""
        return "\n".join(f"    {line}" for line in self.tail)

    def close(self) -> None:
        if self._rest:
            self._line(self._rest)
            self._rest = b""
        self._file.close()

    def _line(self, raw: bytes) -> str:
        text = raw.decode(errors="replace").rstrip("\r")
        if self._file.tell() > MAX_BYTES:
            self._file.close()
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
            self._file = self.path.open("ab")
        self._file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}\n".encode())
        self._file.flush()
        self.tail.append(text)
        return text


class ProblemFilter:
    """Which lines of a child are shown: errors, and not too many of them."""

    def __init__(self) -> None:
        self._shown: deque[float] = deque()

    def admits(self, line: str) -> bool:
        if not PROBLEM.search(line):
            return False
        now = time.monotonic()
        while self._shown and self._shown[0] < now - WINDOW_SECONDS:
            self._shown.popleft()
        if len(self._shown) >= SHOWN_PER_WINDOW:
            return False
        self._shown.append(now)
        return True
