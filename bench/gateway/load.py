"""Load from wrk (saturated or evenly paced, keys in rotation) and h2load (a number of requests), and what they say."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.gateway.errors import BenchError

SCRIPT = Path(__file__).with_name("paced.lua")
CONNECTIONS = 32
# A load generator that hangs ends the run, and not the day.
SPARE_SECONDS = 30.0


# A key and the path that is called with it.
Request = tuple[str, str]


@dataclass(frozen=True)
class Load:
    """What was answered. Latencies in ms, from sending the request to the end of its answer."""

    answers: int  # 2xx and 3xx
    errors: int  # other statuses, broken connections, timeouts
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


def generate(
    port: int,
    requests: Sequence[Request],
    *,
    folder: Path,
    seconds: float,
    rate: int = 0,
    body_bytes: int = 0,
    connections: int = CONNECTIONS,
) -> Load:
    """These requests in rotation, evenly spaced at `rate` per second; 0: as fast as answers come.

    GET, or POST with a body of this size.
    """
    listed = folder / "requests.txt"
    listed.write_text("".join(f"{key}\t{path}\n" for key, path in requests))
    environment = {
        "BENCH_REQUESTS": str(listed),
        "BENCH_BODY": str(body_bytes),
        "BENCH_RATE": str(rate),
    }
    command = [
        *(_program("wrk", "wrk"), "--threads", "1", "--connections", str(connections), "--timeout", "10s"),
        *("--duration", f"{seconds:.0f}s", "--latency", "--script", str(SCRIPT), f"http://127.0.0.1:{port}/"),
    ]
    return parse_wrk(_run(command, seconds, environment))


def parse_wrk(output: str) -> Load:
    """The line that `paced.lua` writes at the end."""
    found = re.search(r"^RESULT (\{.*\})$", output, re.MULTILINE)
    if found is None:
        raise BenchError(f"wrk gave no result:\n{output[-1000:]}")
    result = json.loads(found[1])
    return Load(
        answers=result["answers"] - result["refused"],
        errors=result["refused"] + result["broken"],
        seconds=result["seconds"],
        p50_ms=result["p50_us"] / 1000,
        p95_ms=result["p95_us"] / 1000,
        p99_ms=result["p99_us"] / 1000,
    )


def h2load(port: int, path: str, key: str, *arguments: str, seconds: float, connections: int = 4) -> Load:
    """HTTP/1.1 requests of h2load; `arguments` say how many, or how long and at which rate."""
    command = [
        *(_program("h2load", "nghttp2-client"), "--h1", "--clients", str(connections), "--threads", "1"),
        *("--header", f"X-API-Key: {key}", *arguments, f"http://127.0.0.1:{port}{path}"),
    ]
    return parse_h2load(_run(command, seconds, {}))


def parse_h2load(output: str) -> Load:
    """The summary of h2load. It knows no percentiles: its mean stands for the median, its maximum for the rest."""
    finished = re.search(r"^finished in ([\d.]+)(us|ms|s|m)", output, re.MULTILINE)
    statuses = re.search(r"^status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", output, re.MULTILINE)
    requests = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", output)
    times = re.search(r"^time for request: +(\S+) +(\S+) +(\S+)", output, re.MULTILINE)
    if not (finished and statuses and requests and times):
        raise BenchError(f"h2load gave no result:\n{output[-1000:]}")
    answered = [int(number) for number in statuses.groups()]
    return Load(
        answers=answered[0] + answered[1],
        # What h2load calls failed holds the refused, the errored and the timed out.
        errors=max(int(requests[2]), answered[2] + answered[3]),
        seconds=_milliseconds(finished[1] + finished[2]) / 1000,
        p50_ms=_milliseconds(times[3]),
        p95_ms=_milliseconds(times[2]),
        p99_ms=_milliseconds(times[2]),
    )


def _milliseconds(text: str) -> float:
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    if found is None:
        raise BenchError(f"h2load wrote a time that is none: {text!r}")
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}[found[2]]


def _program(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise BenchError(f"{name} is missing: install the package {package}, or let the benchmark do so as root.")
    return path


def _run(command: Sequence[str], seconds: float, environment: dict[str, str]) -> str:
    try:
        result = subprocess.run(
            command,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=seconds + SPARE_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{command[0]} did not end within {error.timeout:.0f} s.") from error
    if result.returncode != 0:
        raise BenchError(f"{command[0]} ended with status {result.returncode}:\n{result.stdout[-1000:]}")
    return result.stdout
