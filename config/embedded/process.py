"""Children that do not outlive their parent, and what the system tells about a process."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

PR_SET_PDEATHSIG = 1
Output = int | IO[Any] | None


def spawn(
    command: Sequence[str | Path],
    *,
    output: Output,
    death_signal: signal.Signals = signal.SIGTERM,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    **account: Any,
) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own; standard error goes where standard output goes.

    On Linux the child gets `death_signal` when this process ends, even by SIGKILL. The kernel ties that to the
    thread that forks, so only the main thread may call this.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("A child must be started from the main thread: it would end with its thread.")
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=None if environment is None else dict(environment),
        cwd=cwd,
        start_new_session=True,
        # The one hook that runs after the change of user, which would clear the setting.
        preexec_fn=_die_with_parent(death_signal),  # noqa: PLW1509
        **account,
    )


def signal_when_parent_ends(number: signal.Signals) -> None:
    """Ask the kernel (Linux) for this signal when the parent of this process ends."""
    _prctl()(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def _prctl() -> Any:
    return ctypes.CDLL(None, use_errno=True).prctl


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    # Looked up before the fork: the child may do next to nothing between fork and exec.
    prctl = _prctl()
    parent = os.getpid()

    def prepare_child() -> None:
        prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it ended before the line above took effect
            os._exit(1)

    return prepare_child


def stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals, grace: float) -> None:
    """Ask the child to stop, and after `grace` seconds end it and every process of its group."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
    kill_group(process.pid)
    process.wait()


def kill_group(group: int) -> None:
    """SIGKILL to every process of the group; nothing when it is empty."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def interrupt_group(group: int) -> None:
    """SIGINT to every process of the group: the one signal that every program here takes as a request to end."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGINT)


def birth(pid: int) -> str:
    """When the process was born, in the system's own notation; empty for none and for a zombie."""
    if Path("/proc/self/stat").exists():
        try:
            # The second field is the program's name in brackets, which may hold anything.
            state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (OSError, ValueError):
            return ""
        return "" if state in "ZX" else fields[18]
    return _ps(pid, "lstart=")


def command_line(pid: int) -> str:
    """The command line of a running process, arguments separated by blanks; empty for none and for a zombie."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    return _ps(pid, "command=")


def wait_until(condition: Callable[[], bool], timeout: float, *, interval: float = 0.05) -> bool:
    """Poll until `condition` is true; False when `timeout` seconds have passed."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
    return True


def _ps(pid: int, column: str) -> str:
    result = subprocess.run(["/bin/ps", "-o", column, "-p", str(pid)], capture_output=True, text=True, check=False)
    return result.stdout.strip()
