"""The life cycle that both embedded servers share: prepare, spawn, answer, stop."""

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from config.embedded.account import Account, server_account
from config.embedded.errors import EmbeddedServerError
from config.embedded.kept import kept_port, kept_secret, read_port
from config.embedded.lock import file_lock
from config.embedded.placement import data_home
from config.embedded.process import Output, spawn, stop, wait_until

START_TIMEOUT = 30.0
RETRY_SECONDS = 0.1
STOP_GRACE = 10.0


class EmbeddedServer(ABC):
    """One server whose data lies in `local_dir` (or where `data_home` puts it).

    `durable=False` trades safety against power loss for speed: for tests.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    service: ClassVar[str]  # its name in `services.json`
    url_variable: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    password: str
    port: int = 0

    def __init__(self, local_dir: Path, *, durable: bool = True) -> None:
        self.durable = durable
        self.account: Account = server_account()
        self.home = data_home(local_dir, self.account)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where the server listens, with its password. Known after `prepare`."""

    @abstractmethod
    def find_programs(self) -> None:
        """Choose the programs, and say where the data lies."""

    @abstractmethod
    def make_ready(self) -> None:
        """Make the data folder when there is none, and write what the server reads at its start."""

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """The command that runs the server in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server accepts a real connection with our password."""

    def prepare(self) -> None:
        """Choose programs, password and port, and make the data folder, unless the server runs already."""
        self.find_programs()
        self.password = kept_secret(self.home / f"{self.name}.password")
        port_file = self.home / f"{self.name}.port"
        self.port = read_port(port_file)
        if not (self.port and self.answers()):
            self.port = kept_port(port_file)
            self.make_ready()

    def spawn(self, output: Output) -> subprocess.Popen[bytes]:
        """Start the process and return at once; `prepare` must have run. From the main thread only."""
        self.stop()  # reaps one that died
        try:
            self.process = spawn(
                self.command(),
                output=output,
                death_signal=self.stop_signal,
                environment=server_environment(),
                cwd=Path("/"),
                **self.account.popen_arguments(),
            )
        except OSError as error:
            raise EmbeddedServerError(
                f"{self.name} cannot be started: {error}. Set {self.url_variable} to a running server instead."
            ) from error
        return self.process

    def start(self) -> None:
        """Start the server and wait until it answers. One that runs already is shared, and left running by `stop`."""
        log = self.home / f"{self.name}.log"
        with file_lock(self.home / f"{self.name}.lock"):
            self.prepare()
            if self.answers():
                return
            deadline = time.monotonic() + START_TIMEOUT
            while (failure := self._attempt(log, deadline)) is not None:
                if not self.may_pass(failure) or time.monotonic() > deadline:
                    raise EmbeddedServerError(f"{self.name} did not start:\n{failure}")
                time.sleep(RETRY_SECONDS)

    def may_pass(self, failure: str) -> bool:
        """Whether what kept the server from starting goes away by itself. `failure` is the end of its log."""
        return False

    def _attempt(self, log: Path, deadline: float) -> str | None:
        """Start the server; the end of its log where it does not answer."""
        with log.open("ab") as output:
            begin = output.tell()
            process = self.spawn(output)
        wait_until(lambda: self.answers() or process.poll() is not None, deadline - time.monotonic())
        if self.answers():
            return None
        self.stop()
        return _tail(log, begin)

    def stop(self) -> None:
        """Stop the process that this object started, if any."""
        if self.process is not None:
            stop(self.process, self.stop_signal, STOP_GRACE)
            self.process = None


def server_environment() -> dict[str, str]:
    """The caller's environment without what changes the meaning of our options."""
    unwanted = ("PG", "LC_", "LANG")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


def _tail(log: Path, begin: int) -> str:
    return log.read_bytes()[begin:].decode(errors="replace")[-2000:]
