"""Children on a core of their own, with a log each, stopped by their ids."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bench.gateway.cpu import process_tree
from bench.gateway.errors import BenchError
from config.embedded.process import spawn, stop, wait_until

START_SECONDS = 60.0
STOP_SECONDS = 20.0


@cache
def cores() -> tuple[int, int]:
    """The core of the gateway that is measured, and that of everything else; asked first before any is given away."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise BenchError("Two cores are needed: one for the gateway, one for load, backend and databases.")
    return allowed[0], allowed[1]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def take_the_machine() -> None:
    """Keep to the core of the helpers, which children inherit."""
    os.sched_setaffinity(0, {cores()[1]})
    go_first(os.getpid())


def go_first(root: int) -> None:
    """Let this process and its children, those to come as well, go before other programs of the machine: as root."""
    if os.geteuid() == 0:
        _set_niceness(root, -10)


def give_way(root: int) -> None:
    """Put this process and its children, those to come as well, behind what calls wait for, as other programs are.

    For what does its work afterwards and would have a core of its own elsewhere.
    """
    _set_niceness(root, 0)


def _set_niceness(root: int, niceness: int) -> None:
    for pid in process_tree(root):
        with suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, pid, niceness)
        # Where the kernel shares a core between sessions first, niceness within one says nothing to the others.
        with suppress(OSError):
            Path(f"/proc/{pid}/autogroup").write_text(str(niceness))


@contextmanager
def running(
    name: str,
    command: Sequence[str | Path],
    *,
    core: int,
    folder: Path,
    ready: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start it on this core, wait until `ready`, stop it at the end. Its output goes to `<folder>/<name>.log`."""
    taskset = shutil.which("taskset")
    if taskset is None:
        raise BenchError("taskset is missing (package util-linux): the gateway needs a core of its own.")
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = spawn(
            [taskset, "-c", str(core), *command],
            output=output,
            environment={**os.environ, **(environment or {})},
            cwd=cwd,
        )
    go_first(process.pid)
    try:
        wait_until(lambda: process.poll() is not None or ready(), START_SECONDS)
        if process.poll() is not None or not ready():
            raise BenchError(f"{name} did not start ({log}):\n{log.read_text(errors='replace')[-2000:]}")
        yield process
    finally:
        stop(process, signal.SIGTERM, STOP_SECONDS)


def answers(port: int, path: str) -> Callable[[], bool]:
    """Whether the server on this port answers 200 there."""

    def ask() -> bool:
        connection = HTTPConnection("127.0.0.1", port, timeout=2)
        with suppress(OSError, HTTPException):
            connection.request("GET", path)
            return connection.getresponse().status == 200
        return False

    return ask


def listens(port: int) -> Callable[[], bool]:
    """Whether somebody takes connections on this port."""

    def ask() -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return ask
