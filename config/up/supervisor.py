"""The loop that keeps children alive: reads their output, starts again what died, stops all in order.

One thread: the kernel ties "end with your parent" to the thread that forks, and signals arrive in the main one.
"""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from config.embedded.process import kill_group, spawn
from config.up.child import Child, Stage, describe_exit
from config.up.errors import StartupError, StopRequestedError
from config.up.logs import ChildLog
from config.up.record import RunRecord
from config.up.terminal import Terminal, short

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOP_GRACE = 15.0
SAME_REQUEST_SECONDS = 1.0
# A step that takes long says that it goes on, whenever nothing was shown for this time.
QUIET_SECONDS = 10.0


@dataclass(frozen=True)
class Step:
    """A command that runs to its end; `show` gets each line of its output.

    `meanwhile` is told with the seconds that have passed, while the terminal shows nothing else for a while.
    """

    name: str
    command: Sequence[str]
    show: Callable[[str], None] | None = None
    meanwhile: str = ""


class Supervisor:
    """Children by name; `add` starts one, `run` keeps all alive until a stop signal, `stop` ends all.

    `interrupted` is asked once a second and counts as a stop signal when true.
    """

    def __init__(
        self,
        *,
        log_dir: Path,
        terminal: Terminal,
        record: RunRecord,
        interrupted: Callable[[], bool] = lambda: False,
        verbose: bool = False,
    ) -> None:
        self.children: dict[str, Child] = {}
        self.log_dir = log_dir
        self.terminal = terminal
        self.stop_requests = 0
        self._stop_requested_at = float("-inf")
        self._record = record
        self._interrupted = interrupted
        self._verbose = verbose
        self._selector = selectors.DefaultSelector()
        self._install_signals()

    def log(self, name: str) -> ChildLog:
        self.log_dir.mkdir(parents=True, exist_ok=True)
        return ChildLog(self.log_dir, name)

    # --- Children ---------------------------------------------------------------------------------
    def add(self, child: Child) -> None:
        """Start the child and keep it alive from now on."""
        self.children[child.name] = child
        self._start(child)

    def add_command(
        self, name: str, command: Sequence[str], *, environment: Mapping[str, str], cwd: Path, stage: Stage
    ) -> None:
        def start(output: int | IO[bytes] | None) -> subprocess.Popen[bytes]:
            return spawn(command, output=output, environment=environment, cwd=cwd)

        self.add(Child(name=name, stage=stage, start=start, log=self.log(name)))

    def _start(self, child: Child) -> None:
        child.start_due_at = None
        child.started_at = time.monotonic()
        try:
            child.process = child.start(subprocess.PIPE)
        except (OSError, RuntimeError) as error:
            delay = child.ended()
            self.terminal.line(f"  {child.name}: cannot be started ({error}); next attempt in {delay:g} s")
            return
        self._read_from(child.process, child.log, lambda line: self._show(child, line))
        self._record.update({name: each.process.pid for name, each in self.children.items() if each.process})

    def _read_from(self, process: subprocess.Popen[bytes], log: ChildLog, show: Callable[[str], None] | None) -> None:
        """From now on, what the process writes goes to its log, and each line to `show`."""
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
            self._selector.register(process.stdout, selectors.EVENT_READ, (log, show))

    # --- The loop ---------------------------------------------------------------------------------
    def run(self) -> None:
        """Keep the children alive until a stop signal arrives."""
        while not self.stop_requests:
            self.pump(1.0)

    def pump(self, timeout: float) -> None:
        """Wait at most `timeout` seconds for something to happen, and handle it."""
        self._read_outputs(timeout)
        if not self.stop_requests and self._interrupted():
            self.stop_requests = 1
        if not self.stop_requests:
            self._reap()
            self._start_due()

    def wait_until(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Keep the children alive until the condition is true; False when `timeout` seconds have passed.

        Raises StopRequestedError when a stop signal arrives.
        """
        deadline = time.monotonic() + timeout
        while not condition():
            if self.stop_requests:
                raise StopRequestedError
            if time.monotonic() > deadline:
                return False
            self.pump(0.1)
        return True

    def run_steps(self, steps: Sequence[Step], *, environment: Mapping[str, str], cwd: Path) -> None:
        """Run commands side by side, each to its end.

        Raises StartupError with the end of the output of one that failed, StopRequestedError when a stop signal
        arrives; the others are killed then.
        """
        running = []
        began = time.monotonic()
        for step in steps:
            process = spawn(step.command, output=subprocess.PIPE, environment=environment, cwd=cwd)
            log = self.log(step.name)
            self._read_from(process, log, step.show)
            running.append((step, process, log))

        def are_done() -> bool:
            going_on = [step for step, process, _ in running if process.poll() is None]
            if self.terminal.is_silent_for(QUIET_SECONDS):
                for step in going_on:
                    if step.meanwhile:
                        self.terminal.line(f"    {step.meanwhile}: {time.monotonic() - began:.0f} s so far")
            return not going_on

        try:
            self.wait_until(are_done, float("inf"))
        finally:
            for _, process, log in running:
                kill_group(process.pid)
                process.wait()
                self._read_outputs(0)
                log.close()
        for step, process, log in running:
            if process.returncode != 0:
                how = describe_exit(process.returncode)
                raise StartupError(f"{step.name} failed ({how}):\n{log.end()}\n  Log: {short(log.path)}")

    def _read_outputs(self, timeout: float) -> None:
        due = [child.start_due_at for child in self.children.values() if child.start_due_at is not None]
        if due:
            timeout = max(0.0, min(timeout, min(due) - time.monotonic()))
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    self._wakeup.recv(4096)
            else:
                self._read(key.fileobj, *key.data)  # type: ignore[arg-type]

    def _read(self, pipe: IO[bytes], log: ChildLog, show: Callable[[str], None] | None) -> None:
        data = os.read(pipe.fileno(), 65536)
        if not data:
            self._selector.unregister(pipe)
            pipe.close()
            return
        for line in log.feed(data):
            if show is not None:
                show(line)

    def _show(self, child: Child, line: str) -> None:
        if self._verbose:
            self.terminal.line(f"  {child.name:>8} | {line}")
        elif child.stage is not Stage.SERVER and not self.stop_requests and child.problems.admits(line):
            self.terminal.line(f"  {child.name}: {line}  (more in {short(child.log.path)})")

    def _reap(self) -> None:
        for child in self.children.values():
            if child.process is not None and (code := child.process.poll()) is not None:
                # Workers of a killed master would keep its port.
                kill_group(child.process.pid)
                delay = child.ended()
                text = f"{child.name} ended ({describe_exit(code)}); starts again in {delay:g} s"
                child.log.note(text)
                self.terminal.line(f"  {text}")
                if child.failures > 1 and not self._verbose:
                    for line in list(child.log.tail)[-6:-1]:
                        self.terminal.line(f"    {line}")

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self.children.values():
            if child.start_due_at is not None and child.start_due_at <= now:
                self._start(child)

    # --- The end ----------------------------------------------------------------------------------
    def stop(self) -> None:
        """Stop all children, stage by stage. One more stop signal while this runs kills what is left."""
        requests = max(self.stop_requests, 1)
        self.stop_requests = requests
        for child in self.children.values():
            child.start_due_at = None
        for stage in Stage:
            running = {
                child.name: child.process
                for child in self.children.values()
                if child.stage is stage and child.process is not None
            }
            for name, process in running.items():
                if process.poll() is None:
                    process.send_signal(self.children[name].stop_signal)
            deadline = time.monotonic() + STOP_GRACE
            while any(process.poll() is None for process in running.values()):
                if time.monotonic() > deadline or self.stop_requests > requests:
                    break
                self._read_outputs(0.1)
            for name, process in running.items():
                if process.poll() is None:
                    self.terminal.line(f"  {name} did not stop in time and was killed")
                kill_group(process.pid)
                process.wait()
        self._read_outputs(0)
        for child in self.children.values():
            child.log.close()
        self._record.remove()

    def _install_signals(self) -> None:
        self._wakeup, wakeup_writer = socket.socketpair()
        for end in (self._wakeup, wakeup_writer):
            end.settimeout(0)
        self._wakeup_writer = wakeup_writer
        signal.set_wakeup_fd(wakeup_writer.fileno(), warn_on_full_buffer=False)
        self._selector.register(self._wakeup, selectors.EVENT_READ, None)
        for number in STOP_SIGNALS:
            # `nohup` asks to ignore the end of the terminal. SIGINT is taken in any case: shells ignore it for
            # what they start in the background, and `kill -INT` would then do nothing.
            if not (number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN):
                signal.signal(number, self._request_stop)
        # The handler does nothing; with one, the death of a child ends the wait at once.
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _request_stop(self, number: int, frame: FrameType | None) -> None:
        # Programs in between pass a signal on that arrives here by itself too: that is one request, not two.
        now = time.monotonic()
        if now - self._stop_requested_at > SAME_REQUEST_SECONDS:
            self._stop_requested_at = now
            self.stop_requests += 1
