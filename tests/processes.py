"""Real processes for tests: the gateway, the meter, the web server and backends, each on a port of its own.

They use the database and Redis of the running test, so such tests commit (`transaction=True`).
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import connection

from config.embedded.kept import free_port
from config.up.procfile import read_procfile

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 40.0
STOP_SECONDS = 15.0


def wait_until(condition: Callable[[], object], *, seconds: float = 20.0, what: str = "the condition") -> None:
    """Poll until the condition holds; fails with its name when it does not in time."""
    deadline = time.monotonic() + seconds
    while True:
        is_late = time.monotonic() > deadline  # asked before: the machine may stand still in between
        if condition():
            return
        if is_late:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.05)


def database_url() -> str:
    """The test's own database, for a process that is not the test's."""
    database = connection.settings_dict
    return (
        f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}"
        f"/{database['NAME']}"
    )


@dataclass
class Server:
    """A child process that is ready once `health` answers 200 (at once, where there is none)."""

    name: str
    command: list[str]
    health: str = ""
    env: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def __post_init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.NamedTemporaryFile(prefix=f"{self.name}-", suffix=".log", delete=False)  # noqa: SIM115

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        self.launch()
        self.wait_until_ready()
        return self

    def launch(self) -> None:
        self._process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=os.environ | self.env,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait_until_ready(self) -> None:
        if self.health:
            wait_until(self._answers, seconds=START_SECONDS, what=f"{self.name} ready ({self._log.name})")

    def ask_to_stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        if self._process is None or self._process.poll() is not None:
            return
        self.ask_to_stop()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """`kill -9`, the whole process group at once."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def log(self) -> str:
        return Path(self._log.name).read_text(errors="replace")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()
        if error is not None:
            print(f"--- {self.name} ---\n{self.log()[-6000:]}")
        self._log.close()
        Path(self._log.name).unlink(missing_ok=True)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self._process.returncode}:\n{self.log()[-4000:]}")
        try:
            with urllib.request.urlopen(self.health, timeout=2) as answer:  # noqa: S310 - http on loopback
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def _application_env(upstreams: list[str]) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "UPSTREAM_ALLOW": ",".join(upstreams),
        "PYTHONUNBUFFERED": "1",
    }


def _commands(**variables: str) -> dict[str, list[str]]:
    """The commands of the Procfile, run by the interpreter of the tests."""
    known = {"BIND_ADDRESS": "127.0.0.1", "PORT": "0", "GATEWAY_PORT": "0", "LOCAL_DIR": str(settings.LOCAL_DIR)}
    commands = read_procfile(ROOT / "Procfile", known | variables)
    return {name: [sys.executable, *command[1:]] for name, command in commands.items()}


def gateway(*, upstreams: list[str], impatient: bool = False, counters_url: str = "") -> Server:
    """A gateway process. `upstreams` are the `ip:port` of backends on this machine that it may dial.

    `impatient`: with the short leases of `tests.impatient`. `counters_url`: where it counts, else the test's Redis.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = _commands(GATEWAY_PORT=str(port))["gateway"]
    if impatient:
        command = [word.replace("config.gateway:", "tests.impatient:") for word in command]
    env = _application_env(upstreams) | {"COUNTERS_URL": counters_url}
    return Server("gateway", command, f"{url}/_gateway/healthz", env, url)


def web(*, local_dir: Path, gateway_url: str, upstreams: list[str]) -> Server:
    """The web process as a developer has it: mail goes to the mailbox page, below `local_dir`."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "LOCAL_DIR": str(local_dir),
        "WEB_URL": url,
        "GATEWAY_URL": gateway_url,
    }
    command = _commands(PORT=str(port))["web"]
    return Server("web", command, f"{url}/_api/healthz", _application_env(upstreams) | env, url)


def meter(*, impatient: bool = False, counters_url: str = "") -> Server:
    command = [sys.executable, "-m", "tests.impatient", "run_meter"] if impatient else _commands()["meter"]
    return Server("meter", command, env=_application_env([]) | {"COUNTERS_URL": counters_url})


def worker() -> Server:
    """The Celery worker, with jobs that are not run at once as they are elsewhere in tests."""
    env = {"DJANGO_SETTINGS_MODULE": "config.settings.local", "LOCAL_DIR": str(settings.LOCAL_DIR)}
    return Server("worker", _commands()["worker"], env=_application_env([]) | env)


def script(name: str, code: str) -> Server:
    """Python code in a process of its own, with the settings of the product."""
    return Server(name, [sys.executable, "-c", code], env=_application_env([]))


def httpbin() -> Server:
    """The real httpbin, as the demo runs it."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "apps.demo.backends.httpbin:app",
        "--bind",
        f"127.0.0.1:{port}",
        "--threads",
        "16",
    ]
    return Server("httpbin", [*command, "--no-control-socket"], f"{url}/get", url=url)


def backend() -> Server:
    """A backend that answers every request at once with a little JSON; cheaper than httpbin."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "tests.fakes.backend", str(port)]
    return Server("backend", command, f"{url}/health", url=url)


def address(url: str) -> str:
    """The `ip:port` of a URL on this machine."""
    return url.removeprefix("http://")


@contextlib.contextmanager
def running(*servers: Server) -> Iterator[tuple[Server, ...]]:
    """Start several at the same time; stop all of them at the end, at the same time too."""
    with contextlib.ExitStack() as stack:
        for server in servers:
            server.launch()
            stack.push(server)
        for server in servers:
            server.wait_until_ready()
        try:
            yield servers
        finally:
            for server in servers:
                server.ask_to_stop()
