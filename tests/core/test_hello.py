"""The hello API: every answer has the envelope, and no request is an error of ours."""

import json
from http import HTTPStatus
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from apps.core.api import hello as views

ECHO = "/api/v1/hello/echo"
PING = "/api/v1/hello/ping"

pytestmark = pytest.mark.django_db


def envelope(response: HttpResponse, status: int) -> dict[str, Any]:
    """The body, once its shape is that of every answer with this status."""
    assert response.status_code == status, response.content[:500]
    assert response["Content-Type"] == "application/json"
    body: dict[str, Any] = json.loads(response.content)
    assert set(body) == {"success", "data", "error", "meta"}
    assert body["meta"]["request_id"].startswith("req_")
    assert response["X-Request-Id"] == body["meta"]["request_id"]
    assert body["success"] is (status < 400)
    if status < 400:
        assert body["error"] is None
    else:
        assert body["data"] is None
        assert set(body["error"]) == {"code", "message", "details"}
        assert body["error"]["message"]
    return body


def error_code(response: HttpResponse, status: int) -> str:
    return str(envelope(response, status)["error"]["code"])


def post(client: Client, body: bytes | str, content_type: str = "application/json", **headers: str) -> HttpResponse:
    return client.generic("POST", ECHO, body, content_type=content_type, **headers)


class TestPing:
    def test_answers_with_the_time(self, client: Client) -> None:
        data = envelope(client.get(PING), 200)["data"]
        assert data["message"] == "pong"
        assert data["time"].endswith("Z")

    def test_each_answer_has_a_request_id_of_its_own(self, client: Client) -> None:
        assert client.get(PING)["X-Request-Id"] != client.get(PING)["X-Request-Id"]

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND", "get", "X" * 50])
    def test_another_method_is_refused_and_the_right_one_named(self, client: Client, method: str) -> None:
        response = client.generic(method, PING)
        if method == "get":
            # Methods are case-sensitive; Django's handler upper-cases what it looks up.
            assert response.status_code in (200, 405)
            return
        assert error_code(response, 405) == "method_not_allowed"
        assert "GET" in response["Allow"]

    def test_head_and_options_answer(self, client: Client) -> None:
        assert client.head(PING).status_code == 200
        envelope(client.options(PING), 200)

    def test_a_caller_that_takes_no_json_gets_the_reason_as_json(self, client: Client) -> None:
        assert error_code(client.get(PING, headers={"Accept": "text/csv"}), 406) == "not_acceptable"

    def test_there_is_one_format(self, client: Client) -> None:
        envelope(client.get(f"{PING}?format=xml"), 200)


class TestEcho:
    @pytest.mark.parametrize(
        "value",
        [
            {},
            [],
            {"a": [1, 2.5, "x", None, True]},
            "text",
            0,
            None,
            "é€😀",
            {"": {"": ""}},
            10**30,
            "\u2028",
            "</script>",
        ],
    )
    def test_gives_back_what_was_sent(self, client: Client, value: Any) -> None:
        response = post(client, json.dumps(value))
        assert envelope(response, 200)["data"] == {"echo": value}
        response = post(client, json.dumps(value, ensure_ascii=False).encode())
        assert envelope(response, 200)["data"] == {"echo": value}

    @hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
    @given(
        body=st.binary(max_size=60)
        | st.text(alphabet='{}[]",:0123456789eE+-.\\utrfalsn \n', max_size=30).map(str.encode)
    )
    def test_any_body_is_echoed_or_refused(self, client: Client, body: bytes) -> None:
        cache.clear()
        response = post(client, body)
        envelope(response, response.status_code)
        assert response.status_code in (200, 400)

    @pytest.mark.parametrize(
        "body",
        [
            b"{", b"{'a': 1}", b"nul", b"[1,]", b'{"a":1}x', b"NaN", b"[Infinity]", b"-Infinity", b"[1e999]",
            b"\xff\xfe",
            b'"\xed\xa0\x80"', b'"\\ud800"', b'{"\\udfff": 1}', b'"\\u0000"', b'"\x00"', b"\x00", b"1" * 5000,
            b"[" * 101 + b"]" * 101, b"[" * 100_000, b'{"a":' * 50_000, b"a=1&b=2", "{}".encode("utf-16"),
        ],
    )  # fmt: skip
    def test_what_is_no_json_is_refused(self, client: Client, body: bytes) -> None:
        assert error_code(post(client, body), 400) == "parse_error"

    def test_nesting_up_to_the_limit_passes(self, client: Client) -> None:
        envelope(post(client, b"[" * 100 + b"]" * 100), 200)

    @pytest.mark.parametrize(
        "content_type",
        [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml",
            "x",
            "json",
        ],
    )
    def test_another_content_type_is_refused(self, client: Client, content_type: str) -> None:
        assert error_code(post(client, b'{"a": 1}', content_type), 415) == "unsupported_media_type"

    @pytest.mark.parametrize(
        "charset", ["utf-8", "utf-16", "latin-1", "zlib", "rot13", "hex", "no-such", "", '"utf-8"']
    )
    def test_the_charset_that_is_claimed_does_not_matter(self, client: Client, charset: str) -> None:
        response = post(client, '{"a": "é"}'.encode(), f"application/json; charset={charset}")
        assert envelope(response, 200)["data"] == {"echo": {"a": "é"}}

    def test_a_huge_body_is_refused_before_it_is_read(self, client: Client, settings: Settings) -> None:
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
        assert error_code(post(client, b'"' + b"x" * 1000 + b'"'), 413) == "body_too_large"
        envelope(post(client, b'"' + b"x" * 990 + b'"'), 200)
        assert error_code(post(client, b"{}", CONTENT_LENGTH="99999999999"), 413) == "body_too_large"

    def test_no_body_is_an_empty_object(self, client: Client) -> None:
        assert envelope(post(client, b""), 200)["data"] == {"echo": {}}

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "TRACE"])
    def test_another_method_is_refused(self, client: Client, method: str) -> None:
        response = client.generic(method, ECHO, b"{", content_type="application/json")
        assert error_code(response, 405) == "method_not_allowed"
        assert "POST" in response["Allow"]

    def test_it_needs_no_token_against_forgery(self) -> None:
        envelope(post(Client(enforce_csrf_checks=True), b"{}"), 200)


class TestLimit:
    def test_a_network_gets_120_a_minute(self, client: Client) -> None:
        statuses = [post(client, b"{}", REMOTE_ADDR="198.51.100.7").status_code for _ in range(130)]
        # A fixed window may end in between; then each of the two counts for itself.
        assert statuses.count(200) in range(120, 131)
        while (response := post(client, b"{}", REMOTE_ADDR="198.51.100.7")).status_code == 200:
            continue
        assert error_code(response, 429) == "rate_limited"
        assert response["Retry-After"] == "60"
        envelope(post(client, b"{}", REMOTE_ADDR="198.51.100.8"), 200)

    def test_claiming_another_address_does_not_help(self, client: Client) -> None:
        def call(number: int) -> int:
            return post(client, b"{}", REMOTE_ADDR="198.51.100.7", HTTP_X_FORWARDED_FOR=f"1.2.3.{number}").status_code

        assert 429 in {call(number % 250) for number in range(260)}

    def test_behind_a_proxy_each_client_has_its_own(self, client: Client, settings: Settings) -> None:
        settings.TRUSTED_PROXY_HOPS = 1
        for number in range(125):
            envelope(post(client, b"{}", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=f"1.2.3.{number}"), 200)

    def test_without_the_cache_it_says_so(self, client: Client, settings: Settings) -> None:
        settings.CACHES = {
            "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"},
        }
        assert error_code(post(client, b"{}"), 503) == "unavailable"


class TestErrors:
    @pytest.mark.parametrize(
        "path", ["/api/", "/api/v1/", "/api/v1/nothing", "/api/v2/hello/ping", f"{ECHO}/", "/api/v1/%00"]
    )
    @pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
    def test_an_unknown_address_is_not_found_in_the_envelope(self, client: Client, method: str, path: str) -> None:
        assert error_code(client.generic(method, path), 404) == "not_found"

    def test_an_error_that_nobody_expected_has_the_envelope_too(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(views.clock, "now", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            client.get(PING)  # the test client hears of crashes
        client.raise_request_exception = False
        response = client.get(PING)
        assert error_code(response, HTTPStatus.INTERNAL_SERVER_ERROR) == "internal_error"
        assert b"division" not in response.content
