"""`python -m config.up` as a process of a test, with stand-ins for the processes of the product."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from config.embedded.kept import free_port
from config.embedded.process import birth, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = ROOT / "tests" / "config" / "programs"
COMMAND = (sys.executable, "-m", "config.up")
READY = "Ctrl-C stops everything"
START_SECONDS = 100.0
STOP_SECONDS = 40.0


class Product:
    """One `make up`. Leaving the block kills what is left."""

    def __init__(
        self,
        local_dir: Path,
        *,
        procfile: str | Path = "Procfile",
        command: Sequence[str] = COMMAND,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.local_dir = local_dir
        self.port = free_port()
        self.gateway_port = free_port()
        self._command = command
        self._environment = environment
        self._output = local_dir.with_name(f"{local_dir.name}.out")
        # A path of its own instead of a name is taken as it is.
        self._procfile = PROGRAMS / procfile
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            wait_until(lambda: not any(map(birth, self.pids().values())), STOP_SECONDS)

    def start(self) -> Self:
        """Start the process in a process group of its own, and return at once."""
        unwanted = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PYTEST_XDIST_WORKER")
        environment = {name: value for name, value in os.environ.items() if name not in unwanted}
        environment |= {
            "LOCAL_DIR": str(self.local_dir),
            "PROCFILE": str(self._procfile),
            "PORT": str(self.port),
            "GATEWAY_PORT": str(self.gateway_port),
            "DEMO": "false",
            **self._environment,
        }
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                self._command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
            )
        return self

    def started(self, seconds: float = START_SECONDS) -> Self:
        """Start and wait until everything runs."""
        self.start()
        assert wait_until(lambda: READY in self.output() or self.process.poll() is not None, seconds), self.output()
        assert READY in self.output(), self.output()
        return self

    def wait(self) -> int:
        """The exit code; the process must end by itself."""
        return self.process.wait(STOP_SECONDS)

    def output(self) -> str:
        return self._output.read_text() if self._output.exists() else ""

    def record(self) -> dict[str, Any]:
        """What the supervisor wrote down about its processes; empty when it does not run."""
        try:
            return json.loads((self.local_dir / "run.json").read_text())
        except FileNotFoundError:
            return {}

    def pids(self) -> dict[str, int]:
        """The process number of each child that is recorded."""
        return {name: pid for name, (pid, _) in self.record().get("processes", {}).items()}

    def serves(self) -> bool:
        """Whether the `web` that is recorded answers, and not one of an earlier life."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)) as connection:
            try:
                connection.request("GET", "/")
                return int(connection.getresponse().read()) == self.pids().get("web")
            except (OSError, http.client.HTTPException):
                return False
