"""What a candidate must do before its figures count."""

import json
import time
from http.client import HTTPConnection, HTTPException

from bench.gateway.backend import JSON_BYTES
from bench.gateway.candidate import Candidate
from bench.gateway.errors import BenchError

TIMEOUT = 20
REFILLED_SECONDS = 10.0
UNKNOWN_KEY = "mkt_0000_unknown"
ECHO = bytes(range(250)) * 400


def check(candidate: Candidate) -> int:
    """Raises BenchError for the first answer that is not as it must be; gives how many calls were answered with 2xx."""
    key, prefix = candidate.keys[0], candidate.prefix
    body = _expect(candidate, "the measured call", 200, candidate.current, key)
    if len(body) != JSON_BYTES or json.loads(body)["city"] != "Paris":
        raise BenchError(f"{candidate.name}: the measured call is answered with {len(body)} bytes, not {JSON_BYTES}.")
    _same(candidate, "chunked", len(_expect(candidate, "chunked", 200, f"{prefix}/v1/chunked", key)), 3004)
    _same(candidate, "2 MB", len(_expect(candidate, "2 MB", 200, f"{prefix}/v1/big", key)), 2_000_000)
    echoed = _expect(candidate, "POST", 200, f"{prefix}/v1/echo", key, body=ECHO)
    _same(candidate, "echo", echoed == ECHO, expected=True)
    if not candidate.enforces:
        return 4
    _expect(candidate, "no key", 401, candidate.current, "")
    _expect(candidate, "unknown key", 401, candidate.current, UNKNOWN_KEY)
    _expect(candidate, "unknown path", 404, f"{prefix}/v1/nothing", key)
    _wait_for_last_call(candidate)
    _expect(candidate, "an exhausted key", 429, candidate.current, candidate.exhausted_key)
    return 5


def _wait_for_last_call(candidate: Candidate) -> None:
    """Peers share their counters: the call of the peer before must have left them."""
    deadline = time.monotonic() + REFILLED_SECONDS
    while True:
        try:
            _expect(candidate, "the last call of a key", 200, candidate.current, candidate.exhausted_key)
        except BenchError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def _expect(candidate: Candidate, what: str, status: int, path: str, key: str, body: bytes | None = None) -> bytes:
    connection = HTTPConnection("127.0.0.1", candidate.port, timeout=TIMEOUT)
    try:
        headers = {"X-API-Key": key} if key else {}
        connection.request("GET" if body is None else "POST", path, body=body, headers=headers)
        answer = connection.getresponse()
        found = answer.read()
    except (OSError, HTTPException) as error:
        raise BenchError(f"{candidate.name}: {what}: {error!r}") from error
    finally:
        connection.close()
    if answer.status != status:
        raise BenchError(f"{candidate.name}: {what} is answered with {answer.status}, not {status}: {found[:300]!r}")
    return found


def _same(candidate: Candidate, what: str, found: object, expected: object) -> None:
    if found != expected:
        raise BenchError(f"{candidate.name}: {what}: {found}, and not {expected}")
