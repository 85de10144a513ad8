"""The product's web process."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

WORKERS = 2
START_SECONDS = 60.0
# One caller asks as fast as it is answered: the limits of the REST API are out of the way.
WEB_SETTINGS = {"REST_RATE_CALLER": "1000000/m", "REST_RATE_ADDRESS": "1000000/m"}


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
