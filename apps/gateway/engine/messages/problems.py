"""What the gateway answers for itself: `application/problem+json` (RFC 9457) with `code` and `request_id`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from apps.gateway.engine.messages.request import Header
from apps.usage.counters.types import request_id

_REGISTERED = "https://iana.org/assignments/http-problem-types#"
QUOTA_EXCEEDED_TYPE = f"{_REGISTERED}quota-exceeded"
REDUCED_CAPACITY_TYPE = f"{_REGISTERED}temporary-reduced-capacity"


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem. `code` is stable; what happened in this case is the `detail` of the answer."""

    code: str
    status: int
    detail: str
    type: str = "about:blank"
    title: str = ""  # the status phrase where empty, as RFC 9457 wants it for about:blank
    headers: tuple[Header, ...] = ()  # of every answer with this problem


# Of a reply to a call that may succeed in a moment.
_RETRY_SOON: Header = (b"retry-after", b"1")

BAD_REQUEST = Problem("bad_request", 400, "The request cannot be read in one way only.")
ROUTE_NOT_FOUND = Problem("route_not_found", 404, "There is no such route.")
METHOD_NOT_ALLOWED = Problem("method_not_allowed", 405, "This route does not have this method.")
METHOD_UNKNOWN = Problem("method_unknown", 501, "This is no method of HTTP that the gateway knows.")
KEY_MISSING = Problem(
    "key_missing", 401, "Send your API key as `Authorization: Bearer <key>`, as `X-Api-Key` or as `?api_key=`."
)
KEY_INVALID = Problem("key_invalid", 401, "This API key is not known.")
KEY_REVOKED = Problem("key_revoked", 401, "This API key has been revoked.")
KEY_EXPIRED = Problem("key_expired", 401, "This API key has expired.")
SIGNATURE_MISSING = Problem("signature_missing", 401, "This product takes signed calls only (RFC 9421).")
SIGNATURE_INVALID = Problem("signature_invalid", 401, "The signature of the call is not valid.")
SIGNATURE_EXPIRED = Problem(
    "signature_expired", 401, "The signature was made more than five minutes away from now, or has expired."
)
SIGNATURE_REPLAYED = Problem(
    "signature_replayed", 401, "This signature was used before. Sign each call anew, with a nonce."
)
ACCESS_ENDED = Problem(
    "access_ended", 403, "While the body of the request came, its key, subscription or product ended."
)
CONTENT_DIGEST_MISMATCH = Problem(
    "content_digest_mismatch", 400, "The body does not have the SHA-256 that Content-Digest declares."
)
NOT_SUBSCRIBED = Problem("not_subscribed", 403, "This API key belongs to a subscription to another product.")
SUBSCRIPTION_INACTIVE = Problem("subscription_inactive", 403, "The subscription of this key is not active.")
PRODUCT_SUSPENDED = Problem("product_suspended", 403, "The platform has suspended this product.")
PRODUCT_RETIRED = Problem("product_retired", 403, "This product has ended: its creator has retired it.")
PAYMENT_REQUIRED = Problem("payment_required", 402, "An invoice of this subscription is unpaid.")
SPEND_CAP_REACHED = Problem(
    "spend_cap_reached", 402, "The spend cap is reached. Raise it on the page of the subscription, or wait."
)
PLAN_UPGRADE_REQUIRED = Problem("plan_upgrade_required", 403, "The plan does not include this endpoint.")
TEST_KEY_REFUSED = Problem(
    "test_key_refused", 403, "This endpoint has neither a backend nor a documented example for test keys."
)
SCOPE_MISSING = Problem("scope_missing", 403, "This API key does not have the scope that the method needs.")
IP_NOT_ALLOWED = Problem("ip_not_allowed", 403, "Calls from this address are not allowed.")
RATE_LIMITED = Problem("rate_limited", 429, "Too many calls.", QUOTA_EXCEEDED_TYPE, "Rate limit exceeded")
QUOTA_EXCEEDED = Problem("quota_exceeded", 429, "The quota is used up.", QUOTA_EXCEEDED_TYPE, "Quota exceeded")
REQUEST_TOO_LARGE = Problem("request_too_large", 413, "The request body is larger than this product allows.")
TARGET_TOO_LONG = Problem("target_too_long", 414, "The target of the request is too long.")
HEAD_TOO_LARGE = Problem("head_too_large", 431, "The head of the request is too large.")
REQUEST_TIMEOUT = Problem("request_timeout", 408, "The request body did not come in time.")
CODING_UNKNOWN = Problem("coding_unknown", 501, "Of transfer codings, only chunked is taken here.")
WEBSOCKET_UNSUPPORTED = Problem("websocket_unsupported", 501, "WebSocket does not pass here.")
# RFC 6455, 4.4; and RFC 9110, 15.5.22, wants to be told what to upgrade to.
WEBSOCKET_VERSION = Problem(
    "websocket_version",
    426,
    "Only version 13 of WebSocket passes here.",
    headers=((b"sec-websocket-version", b"13"), (b"connection", b"Upgrade"), (b"upgrade", b"websocket")),
)
UPSTREAM_UNREACHABLE = Problem("upstream_unreachable", 502, "The backend of this product cannot be reached.")
UPSTREAM_INVALID = Problem("upstream_invalid", 502, "The backend of this product gave no valid answer.")
UPSTREAM_TIMEOUT = Problem("upstream_timeout", 504, "The backend of this product did not answer in time.")
UPSTREAM_SUSPENDED = Problem(
    "upstream_suspended",
    503,
    "The backend of this product hardly answers any more, and gets no calls for a moment.",
    REDUCED_CAPACITY_TYPE,
    "Reduced capacity",
)
OVERLOADED = Problem(
    "overloaded",
    503,
    "The gateway has too many calls at once.",
    REDUCED_CAPACITY_TYPE,
    "Reduced capacity",
    headers=(_RETRY_SOON,),
)
SHARE_TAKEN = Problem(
    "share_taken",
    503,
    "This subscription has as many calls in flight as one gateway process takes of it.",
    REDUCED_CAPACITY_TYPE,
    "Reduced capacity",
    headers=(_RETRY_SOON,),
)
UNAVAILABLE = Problem(
    "unavailable",
    503,
    "The gateway cannot check this call at the moment.",
    REDUCED_CAPACITY_TYPE,
    "Reduced capacity",
    headers=(_RETRY_SOON,),
)
GATEWAY_STOPPED = Problem(
    "gateway_stopped",
    503,
    "The gateway stops, and this call was not done in time. It is not billed.",
    REDUCED_CAPACITY_TYPE,
    "Reduced capacity",
    headers=(_RETRY_SOON,),
)
INTERNAL_ERROR = Problem("internal_error", 500, "Something went wrong in the gateway.")
# All of them, for whoever documents what the gateway answers.
PROBLEMS: tuple[Problem, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Problem))


@dataclass(frozen=True, slots=True)
class Violation:
    """The limit that refused a call, for the record of refused calls."""

    policy: str
    counter: int
    limit: int


class Rejected(Exception):
    """A call that is not forwarded, or whose answer is the gateway's own."""

    def __init__(
        self,
        problem: Problem,
        detail: str = "",
        *,
        headers: Sequence[Header] = (),
        members: dict[str, Any] | None = None,
        violation: Violation | None = None,
    ) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.detail = detail or problem.detail
        self.headers = [*problem.headers, *headers]
        self.members = members or {}
        self.violation = violation


class BodyInvalid(Rejected):
    """What came as the body of a request cannot be read as one. Its connection ends behind the answer."""


def problem_body(rejected: Rejected, event_id: UUID) -> bytes:
    """The JSON document."""
    problem = rejected.problem
    document = {
        "type": problem.type,
        "title": problem.title or HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": rejected.detail,
        "instance": event_id.urn,
        "code": problem.code,
        "request_id": request_id(event_id),
        **rejected.members,
    }
    return json.dumps(document, ensure_ascii=False).encode()


PROBLEM_HEADERS: tuple[Header, ...] = (
    (b"content-type", b"application/problem+json"),
    (b"cache-control", b"no-store"),
)
