import statistics
import sys
import time
from dataclasses import dataclass
from http.client import HTTPConnection

from bench.pages.pages import Page
from bench.pages.wsgi import HEADER

WARM_UP = 4
TIMEOUT = 120.0
GOAL_MS = 500


class UnexpectedAnswer(Exception):
    """A page was not served."""


@dataclass(frozen=True)
class Result:
    """Times in milliseconds, from the connection to the last byte."""

    name: str
    path: str
    median_ms: float
    p95_ms: float
    slowest_ms: float
    queries: int
    bytes: int


def measure(port: int, page: Page, count: int) -> Result:
    """The times of `count` requests, one after the other, after a few that are not counted.

    Raises `UnexpectedAnswer` for any other status than 200: a redirect or an error is not the page.
    """
    for _ in range(WARM_UP):
        _get(port, page)
    answers = [_get(port, page) for _ in range(count)]
    times = sorted(answer[0] for answer in answers)
    _time, queries, size = answers[-1]
    return Result(
        name=page.name,
        path=page.path,
        median_ms=round(statistics.median(times), 1),
        p95_ms=round(times[min(len(times) - 1, int(0.95 * len(times)))], 1),
        slowest_ms=round(times[-1], 1),
        queries=queries,
        bytes=size,
    )


def print_table(results: list[Result]) -> None:
    out = sys.stdout.write
    out(f"\n\n{'page':44} {'median ms':>10} {'p95 ms':>8} {'queries':>8} {'kB':>7}\n")
    for result in results:
        out(
            f"{result.name:44} {result.median_ms:>10.1f} {result.p95_ms:>8.1f} "
            f"{result.queries:>8} {result.bytes / 1000:>7.1f}\n"
        )
    reached = sum(result.median_ms < GOAL_MS for result in results)
    out(f"\n{reached} of {len(results)} pages have a median below {GOAL_MS} ms.\n")


def _get(port: int, page: Page) -> tuple[float, int, int]:
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        started = time.perf_counter()
        connection.request("GET", page.path, headers=page.headers)
        response = connection.getresponse()
        body = response.read()
        elapsed = (time.perf_counter() - started) * 1000
        if response.status != 200:
            raise UnexpectedAnswer(f"{page.name}: {page.path} answered {response.status}")
        return elapsed, int(response.headers.get(HEADER, -1)), len(body)
    finally:
        connection.close()
