"""The servers of the benchmark: a PostgreSQL and a Valkey in a folder of their own, and the product's web process."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from config.embedded.postgres import EmbeddedPostgres
from config.embedded.server import EmbeddedServer
from config.embedded.valkey import EmbeddedValkey

WORKERS = 2
START_SECONDS = 60.0
# As a small installation would set them; PostgreSQL's own default for memory is that of a test.
POSTGRES_SETTINGS = {
    "shared_buffers": "512MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "1GB",
    "min_wal_size": "80MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
# One caller asks as fast as it is answered: the limits of the REST API are out of the way.
WEB_SETTINGS = {"REST_RATE_CALLER": "1000000/m", "REST_RATE_ADDRESS": "1000000/m"}


class BenchPostgres(EmbeddedPostgres):
    def command(self) -> list[str | Path]:
        options = [part for name, value in POSTGRES_SETTINGS.items() for part in ("-c", f"{name}={value}")]
        return [*super().command(), *options]


@contextmanager
def data_servers(folder: Path) -> Iterator[None]:
    """Start both, and leave their addresses in the environment, before Django reads its settings."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["LOCAL_DIR"] = str(folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    servers: list[EmbeddedServer] = [BenchPostgres(folder, durable=True), EmbeddedValkey(folder, durable=False)]
    try:
        for server in servers:
            server.start()
            os.environ[server.url_variable] = server.url
        yield
    finally:
        for server in reversed(servers):
            server.stop()


@contextmanager
def web_server() -> Iterator[int]:
    """The web process as it runs in production, with a header that counts queries; gives its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        port: int = listener.getsockname()[1]
        command = [
            *(sys.executable, "-m", "gunicorn", "bench.pages.wsgi:application", "--workers", str(WORKERS)),
            *("--bind", f"fd://{listener.fileno()}", "--log-level", "warning", "--timeout", "120"),
        ]
        process = subprocess.Popen(command, pass_fds=[listener.fileno()], env=os.environ | WEB_SETTINGS)
        try:
            _wait(port, process)
            yield port
        finally:
            process.terminate()
            process.wait()


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
        try:
            connection.request("GET", "/_api/healthz?live")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise RuntimeError("The web server did not start.")
