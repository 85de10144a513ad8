"""A program that uses the REST API: every answer is checked for the envelope before a test looks into it."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.test import Client

from tests.api.conformance import check_conformance

PREFIX = "/api/v1"


@dataclass(frozen=True)
class Answer:
    response: HttpResponse
    body: dict[str, Any]

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def data(self) -> Any:
        assert self.status < 400, self.body
        return self.body["data"]

    @property
    def code(self) -> str:
        assert self.status >= 400, self.body
        return str(self.body["error"]["code"])

    @property
    def next_cursor(self) -> str | None:
        cursor: str | None = self.body["meta"]["next_cursor"]
        return cursor


@dataclass
class Api:
    """With the secret of a token, or other headers."""

    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    client: Client = field(default_factory=Client)

    def get(self, path: str, **query: Any) -> Answer:
        return self._send("GET", path, query=query)

    def post(self, path: str, body: Any = None, *, key: str = "") -> Answer:
        headers = {"Idempotency-Key": key} if key else {}
        return self._send("POST", path, {} if body is None else body, headers=headers)

    def patch(self, path: str, body: Any) -> Answer:
        return self._send("PATCH", path, body)

    def put(self, path: str, body: Any) -> Answer:
        return self._send("PUT", path, body)

    def delete(self, path: str) -> Answer:
        return self._send("DELETE", path)

    def _send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        sent = {**self.headers, **(headers or {})}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        response = self.client.generic(
            method,
            f"{PREFIX}{path}",
            b"" if body is None else json.dumps(body),
            content_type="application/json" if body is not None else "",
            headers=sent,
            query_params=query,
        )
        check_conformance(method, f"{PREFIX}{path}", response)
        return Answer(response, checked(response))


def checked(response: HttpResponse) -> dict[str, Any]:
    """The body, once it has the shape of every answer with this status."""
    if response.status_code == 204:
        assert response.content == b""
        return {}
    if response["Content-Type"] == "application/pdf":
        return {}
    assert response["Content-Type"] == "application/json"
    body: dict[str, Any] = json.loads(response.content)
    assert set(body) == {"success", "data", "error", "meta"}
    assert body["success"] is (response.status_code < 400)
    assert response["X-Request-Id"] == body["meta"]["request_id"]
    if not body["success"]:
        assert body["data"] is None
        assert set(body["error"]) == {"code", "message", "details"}
        assert body["error"]["message"]
    else:
        assert body["error"] is None
    return body
