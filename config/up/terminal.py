"""What the person at the terminal sees: one line per step with its duration, and problems."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

WIDTH = 34


class Terminal:
    """Writes to standard output; a terminal that is gone never stops the product."""

    def __init__(self) -> None:
        self._open_step = False
        self._shown_at = time.monotonic()

    def is_silent_for(self, seconds: float) -> bool:
        """Whether nothing was shown for so long."""
        return time.monotonic() - self._shown_at >= seconds

    def line(self, text: str = "") -> None:
        """One line of its own, also in the middle of a step."""
        self._write(f"{self._end_of_step()}{text}\n")

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show the title at once and the duration when the block is done."""
        begin = time.monotonic()
        self._write(f"{self._end_of_step()}  {title} ")
        self._open_step = True
        try:
            yield
        except BaseException:
            self._write(self._end_of_step())
            raise
        duration = f"{time.monotonic() - begin:5.1f} s"
        if self._open_step:
            self._write(f"{'.' * (WIDTH - len(title))} {duration}\n")
            self._open_step = False
        else:
            self._write(f"  {title} {'.' * (WIDTH - len(title))} {duration}\n")

    def _end_of_step(self) -> str:
        was_open, self._open_step = self._open_step, False
        return "\n" if was_open else ""

    def _write(self, text: str) -> None:
        self._shown_at = time.monotonic()
        with suppress(OSError):
            sys.stdout.write(text)
            sys.stdout.flush()


def short(path: Path) -> str:
    """The path as seen from where the command was called, when it is below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
