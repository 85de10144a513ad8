"""Where the gateway spends its time at a fixed rate: Python functions, and with `perf` the libraries and the kernel."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from bench.gateway.comparison import Count
from bench.gateway.errors import BenchError
from bench.gateway.load import CONNECTIONS, generate
from bench.gateway.profiled import profile_path
from bench.gateway.stage import Stage
from bench.gateway.tools import say
from config.embedded.process import wait_until

WRITE_SECONDS = 5.0
WARM_UP_SECONDS = 2


def profile(ready: Stage, count: Count, *, seconds: int, rate: int) -> None:
    """Print both profiles. The gateway must have been started under `bench.gateway.profiled`."""
    assert ready.ours is not None
    candidate, out = ready.ours.candidate, profile_path(ready.folder)
    requests = [(key, candidate.current) for key in candidate.keys]

    def load(lasting: int) -> None:
        result = generate(candidate.port, requests, folder=ready.folder, seconds=lasting, rate=rate)
        count.add(result.answers, cut=CONNECTIONS)

    load(WARM_UP_SECONDS)
    os.kill(candidate.pid, signal.SIGUSR1)
    perf = _start_perf(candidate.pid, ready.folder, seconds)
    load(seconds)
    os.kill(candidate.pid, signal.SIGUSR2)
    if not wait_until(out.exists, WRITE_SECONDS):
        raise BenchError("The gateway wrote no profile.")
    sys.stdout.write(out.read_text())
    if perf is not None:
        perf.wait(WRITE_SECONDS + seconds)
        sys.stdout.write(_perf_report(ready.folder))


def _start_perf(pid: int, folder: Path, seconds: int) -> "subprocess.Popen[bytes] | None":
    perf = shutil.which("perf")
    if perf is None:
        say("perf is missing: libraries and kernel are not shown.")
        return None
    command = [perf, "record", "-F", "999", "-p", str(pid), "-o", str(folder / "perf.data")]
    return subprocess.Popen(
        [*command, "--", "sleep", str(seconds)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _perf_report(folder: Path) -> str:
    lines = []
    for sort in ("dso", "dso,symbol"):
        result = subprocess.run(
            ["perf", "report", "-i", str(folder / "perf.data"), "--stdio", "--no-children", "--sort", sort],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        found = [line for line in result.stdout.splitlines() if line.strip() and not line.startswith("#")]
        lines += ["", f"perf, by {sort}", *found[:50]]
    return "\n".join(lines) + "\n"
