"""Answers to what could not be read as a request, as bytes: the connection ends behind them."""

from http import HTTPStatus

from apps.core.ids import uuid7
from apps.gateway.engine.config import EngineConfig
from apps.gateway.engine.messages.answers import standing_headers
from apps.gateway.engine.messages.problems import PROBLEM_HEADERS, Problem, Rejected, problem_body
from apps.usage.counters.types import request_id


def refusal(problem: Problem, detail: str = "") -> bytes:
    event_id = uuid7()
    body = problem_body(Rejected(problem, detail), event_id)
    headers = [
        *PROBLEM_HEADERS,
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        *standing_headers(request_id(event_id), EngineConfig().pseudonym),
    ]
    phrase = HTTPStatus(problem.status).phrase.encode("ascii")
    lines = [b"HTTP/1.1 %d %s" % (problem.status, phrase), *(b"%s: %s" % header for header in headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
