"""The calls of the main job: every kind that passes, and every refusal, against a product made of httpbin.

The product has the endpoints of `ROUTES` (those of `PRO_ROUTES` in a tier above), and the plan has the limits
below. So the calls come to exactly `PASSED` usage events, and to the refusals of `REFUSALS`.
"""

from dataclasses import dataclass

from tests.client import Answer, call

ROUTES = (
    ("GET", "/get"),
    ("POST", "/post"),
    ("GET", "/stream/{n}"),
    ("POST", "/anything"),
    ("GET", "/uuid"),
)
PRO_ROUTES = (("GET", "/headers"),)
MONTHLY_UNITS = 50_000
DAILY_UNITS = 9
UUID_CALLS_PER_MINUTE = 2
LARGE_BYTES = 5 * 1024 * 1024

# The endpoints whose calls pass, and how often each is made.
PASSED = {
    ("GET", "/get"): 4,
    ("POST", "/post"): 1,
    ("GET", "/stream/{n}"): 1,
    ("POST", "/anything"): 1,
    ("GET", "/uuid"): 2,
}
# Code of a refusal and the limit that refused it: what the consumer can see, and what only the creator can.
CONSUMER_REFUSALS = {
    ("plan_upgrade_required", ""),
    ("rate_limited", "endpoint-per-minute"),
    ("quota_exceeded", "daily"),
}
CREATOR_REFUSALS = CONSUMER_REFUSALS | {("key_missing", ""), ("key_invalid", "")}


@dataclass(frozen=True)
class Caller:
    """A consumer's program."""

    base_url: str  # of the product at the gateway
    key: str

    def call(self, method: str, path: str, *, key: str | None = None, body: bytes | None = None) -> Answer:
        secret = self.key if key is None else key
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        return call(method, f"{self.base_url}{path}", headers=headers, body=body)

    def pass_(self, method: str, path: str, *, body: bytes | None = None) -> Answer:
        """Make a call that must be answered 200."""
        answer = self.call(method, path, body=body)
        assert answer.status == 200, answer.text
        return answer

    def refused(self, method: str, path: str, *, status: int, code: str, key: str | None = None) -> Answer:
        """Make a call that must be refused like this."""
        answer = self.call(method, path, key=key)
        problem = answer.json()
        assert (answer.status, problem["code"]) == (status, code), answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert problem["request_id"] == answer.headers["X-Request-Id"]
        return answer


def make_all_calls(caller: Caller) -> None:
    """Everything that passes and everything that is refused, in an order in which the limits fall as planned."""
    _make_calls_that_pass(caller)
    _meet_the_keys_refusals(caller)
    above = caller.refused("GET", "/headers", status=403, code="plan_upgrade_required")
    assert above.json()["required_plan"] == "pro"
    for _ in range(UUID_CALLS_PER_MINUTE):
        caller.pass_("GET", "/uuid")
    over = caller.refused("GET", "/uuid", status=429, code="rate_limited")
    assert over.json()["violated-policies"] == ["endpoint-per-minute"]
    for remaining in (1, 0):
        assert f'"daily";r={remaining};' in caller.pass_("GET", "/get").headers["RateLimit"]
    over = caller.refused("GET", "/get", status=429, code="quota_exceeded")
    assert over.json()["violated-policies"] == ["daily"]
    assert int(over.headers["Retry-After"]) > 0


def _make_calls_that_pass(caller: Caller) -> None:
    first = caller.pass_("GET", "/get?a=1&a=2")
    assert first.json()["args"] == {"a": ["1", "2"]}
    assert caller.key not in first.text, "the key must not reach the backend"
    assert first.json()["headers"]["X-Apifactory-Request-Id"] == first.headers["X-Request-Id"]
    caller.pass_("GET", "/get")
    assert caller.pass_("POST", "/post", body=b"city=Berlin").json()["data"] == "city=Berlin"
    streamed = caller.pass_("GET", "/stream/5")
    assert streamed.headers["Transfer-Encoding"] == "chunked"
    assert len(streamed.text.splitlines()) == 5
    large = caller.pass_("POST", "/anything", body=b"x" * LARGE_BYTES)
    assert len(large.body) > LARGE_BYTES
    assert large.json()["data"] == "x" * LARGE_BYTES


def _meet_the_keys_refusals(caller: Caller) -> None:
    missing = caller.refused("GET", "/get", status=401, code="key_missing", key="")
    assert missing.headers["WWW-Authenticate"].startswith("Bearer ")
    mistyped = caller.key[:-1] + ("A" if caller.key[-1] != "A" else "B")
    caller.refused("GET", "/get", status=401, code="key_invalid", key=mistyped)
