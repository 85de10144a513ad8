"""The client of the control plane: what it fetches, from whom, and how much of it."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from apps.core.addresses import AddressRefused
from apps.core.errors import Invalid
from apps.core.http import FetchFailed, fetch


class Host(ThreadingHTTPServer):
    """Answers by the path that was asked for, and remembers what came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.is_over = threading.Event()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"


class _Handler(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self) -> None:
        self.server.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        path, _, query = self.path.partition("?")
        if path == "/to":
            self.send_response(302)
            self.send_header("Location", query)
            self.end_headers()
        elif path == "/endless":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x" * 10_000)
            except OSError:
                pass
        elif path == "/silent":
            self.server.is_over.wait(30)
        elif path == "/packed":
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.end_headers()
        elif path == "/missing":
            self.send_error(404)
        else:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"here")

    def log_message(self, *_args: Any) -> None: ...


@pytest.fixture
def host() -> Iterator[Host]:
    server = Host()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.is_over.set()
    server.shutdown()
    thread.join()
    server.server_close()


def get(host: Host, path: str, **changed: Any) -> bytes:
    url = path if path.startswith("http") else host.url + path
    return fetch(url, **{"max_bytes": 1_000, "seconds": 20, "allow": [host.address]} | changed).body


def test_the_body_of_an_address_with_a_query(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # the environment has no say
    assert get(host, "/doc.json?a=b%20c&d#part") == b"here"
    path, headers = host.asked[0]
    assert path == "/doc.json?a=b%20c&d"
    assert "cookie" not in headers
    assert headers["accept-encoding"] == "identity"


def test_nothing_is_dialled_that_is_not_allowed(host: Host) -> None:
    for url in (host.url, host.url + "/x?y", "http://169.254.169.254/", "http://[::1]/", "http://localhost/"):
        with pytest.raises(AddressRefused) as refused:
            get(host, url, allow=[])
        assert refused.value.field == "url"
    assert host.asked == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a.example.com/x", "/etc/passwd", "http://u:p@a.example/", ""]
)
def test_only_http(host: Host, url: str) -> None:
    with pytest.raises(Invalid):
        fetch(url, max_bytes=10, seconds=5)


def test_a_name_is_judged_by_the_address_that_is_dialled(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(name: str, port: int, *_args: Any, **_rest: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    url = f"http://docs.example.com:{host.server_port}/doc"
    with pytest.raises(AddressRefused, match=r"127\.0\.0\.1"):
        fetch(url, max_bytes=1_000, seconds=20)
    assert host.asked == []
    assert get(host, url) == b"here"


def test_an_exception_for_a_path_opens_nothing_else(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    allow = [f"{host.address}/open", f"{host.address}/to"]
    assert get(host, "/open/doc?x", allow=allow) == b"here"
    host.asked.clear()
    for path in ("/metrics", "/", "/opened", "/open/../metrics"):
        with pytest.raises(Invalid):
            get(host, path, allow=allow)
    assert host.asked == []
    with pytest.raises(AddressRefused):
        get(host, "/to?/metrics", allow=allow)
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda name, port, *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))],
    )
    with pytest.raises(AddressRefused):  # a name says nothing of where it leads
        get(host, f"http://docs.example.com:{host.server_port}/open", allow=allow)
    assert [path for path, _headers in host.asked] == ["/to?/metrics"]


def test_redirects_are_followed_a_few_times_and_judged_anew(host: Host) -> None:
    assert get(host, "/to?/to?/doc") == b"here"
    host.asked.clear()
    with pytest.raises(FetchFailed, match="more than 3 times"):
        get(host, "/to?" * 5)
    assert len(host.asked) == 4
    for target in (
        "http://127.0.0.1:9/",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "gopher://a.example.com/",
    ):
        with pytest.raises(Invalid):
            get(host, f"/to?{target}")


def test_what_comes_is_capped(host: Host) -> None:
    with pytest.raises(FetchFailed, match="larger than 1,000 bytes"):
        get(host, "/endless")
    with pytest.raises(FetchFailed, match="within 0 seconds"):
        get(host, "/silent", seconds=0.2)
    with pytest.raises(FetchFailed, match="status 404"):
        get(host, "/missing")
    with pytest.raises(FetchFailed, match="compressed"):
        get(host, "/packed")


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and not listening
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(FetchFailed, match="No connection"):
            fetch(f"http://{address}/", max_bytes=10, seconds=5, allow=[address])
