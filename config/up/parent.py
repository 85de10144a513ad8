"""`make` as the parent process.

When make alone is interrupted (not the whole terminal), it waits for its recipe and does not tell it; when make
is killed, its recipe goes on without it. Both would leave everything running, so both are watched (Linux only).
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from config.embedded.process import signal_when_parent_ends


def watch_parent() -> Callable[[], bool]:
    """Ask for SIGTERM when make ends, and return a function that says whether make was interrupted."""
    if sys.platform != "linux" or Path(f"/proc/{os.getppid()}/comm").read_text().strip() not in ("make", "gmake"):
        return lambda: False
    signal_when_parent_ends(signal.SIGTERM)
    status = Path(f"/proc/{os.getppid()}/status")

    def interrupted() -> bool:
        # Make handles one SIGINT, with the signal blocked, until its recipe has ended.
        try:
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        except OSError:
            return False
        return bool(int(fields.get("SigBlk", "0"), 16) >> (signal.SIGINT - 1) & 1)

    return interrupted
