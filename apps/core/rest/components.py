"""The parts of the OpenAPI document that all operations share: the envelope's, and one answer for each error. Pure."""

from typing import Any

DESCRIPTION = """\
What creators and consumers do in the portal, for programs. Logos, the changelog, questions and support channels of a
product, and who is a member, are for the portal alone.

**Answers.** Each has the same envelope: `success`, `data`, `error` and `meta` with the id of the request. An error has
a stable `code`, a `message` for people and `details`.

**Who asks.** Send an access token (`Authorization: Bearer af_pat_…`); it acts for one organization, within its scopes
and within what its person may do now. With another kind of credentials, name the organization in `X-Organization`.
What belongs to somebody else answers 404, as if it were not there.

**Once.** A POST for which one signs in may, with an `Idempotency-Key`, be sent again within 24 hours: it is carried out
once, and the repeat gets the same answer with `Idempotency-Replayed: true`. A secret is shown in the first answer only.

**Lists** come in pages: send `meta.next_cursor` as `cursor` for the next one, `limit` for its size.

**Values.** Times are ISO 8601 in UTC. Amounts are whole numbers in minor units beside their `currency`. Ids have a
prefix that says what they name.
"""

TAGS = [
    {"name": name, "description": description}
    for name, description in (
        ("Account", "Who you are, and the organizations that you act for."),
        ("Catalog", "The marketplace: what everybody can see."),
        ("Products", "Your products: what they say, their endpoints and tiers."),
        ("Plans", "What your products are sold by."),
        ("Coupons", "Codes that lower the price of your plans."),
        ("Consumers", "Who is subscribed to your products, what they were charged, and what they dispute."),
        ("Subscriptions", "What your organization is subscribed to."),
        ("Keys", "The API keys of your subscriptions."),
        ("Usage", "What was called, how often, and what is left."),
        ("Billing", "Checkouts, invoices, credit notes, disputed calls and payment methods."),
        ("Payouts", "What you have earned, and how it is sent to you."),
        ("Notices", "What you were told."),
        ("Hello", "A first call, with and without the gateway."),
    )
]

_ERRORS = {
    400: ("bad_request", "The request cannot be read: its body, its cursor or one of its headers."),
    401: ("not_authenticated", "Who asks is not known: no credentials, or some that are not valid (any more)."),
    402: ("card_declined", "The payment was declined; it is recorded and nothing else has changed."),
    403: ("not_allowed", "The role in the organization, or the scopes of the access token, do not allow this."),
    404: ("not_found", "There is nothing here that you may see."),
    406: ("not_acceptable", "The answer is JSON, and the header Accept takes none."),
    409: ("conflict", "The state of things does not allow this now; the message says why."),
    413: ("body_too_large", "The body is larger than this installation takes."),
    415: ("unsupported_media_type", "Send the body in one of the media types that this operation takes."),
    422: ("invalid", "A field or parameter has a value that cannot be taken; `details` names it."),
    429: ("rate_limited", "Too many requests; the header Retry-After says for how long to wait."),
    500: ("internal_error", "Something went wrong on our side."),
    502: ("gateway_unreachable", "The gateway, or the backend behind it, gave no answer."),
    503: ("unavailable", "A service behind this API does not answer. Try again in a moment."),
    504: ("upstream_timeout", "The backend behind the gateway took too long."),
}

_REQUEST_ID = {"type": "string", "pattern": "^req_", "examples": ["req_3xJ8mD2kQvT7nRz5WcYb1L"]}


def _meta(extra: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"request_id": _REQUEST_ID, **extra},
        "required": ["request_id", *extra],
        "additionalProperties": False,
    }


def _response(status: int, code: str, description: str) -> dict[str, Any]:
    headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if status == 429:
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    example = {
        "success": False,
        "data": None,
        "error": {"code": code, "message": description, "details": {}},
        "meta": {"request_id": "req_3xJ8mD2kQvT7nRz5WcYb1L"},
    }
    content = {"schema": {"$ref": "#/components/schemas/ErrorEnvelope"}, "example": example}
    return {"description": description, "headers": headers, "content": {"application/json": content}}


COMPONENTS: dict[str, Any] = {
    "schemas": {
        "Meta": _meta({}),
        "PageMeta": _meta(
            {
                "next_cursor": {
                    "type": ["string", "null"],
                    "description": "Send it as `cursor` to get the next page; null on the last one.",
                }
            }
        ),
        "Error": {
            "type": "object",
            "properties": {
                "code": {"type": "string", "description": "Stable and in snake_case: what programs go by."},
                "message": {"type": "string", "description": "For people: what happened, why, what to do."},
                "details": {"type": "object", "description": "`field` or `fields`: what of the input is wrong."},
            },
            "required": ["code", "message", "details"],
            "additionalProperties": False,
        },
        "ErrorEnvelope": {
            "type": "object",
            "properties": {
                "success": {"type": "boolean", "const": False},
                "data": {"type": "null"},
                "error": {"$ref": "#/components/schemas/Error"},
                "meta": {"$ref": "#/components/schemas/Meta"},
            },
            "required": ["success", "data", "error", "meta"],
            "additionalProperties": False,
        },
    },
    "responses": {f"Error{status}": _response(status, *words) for status, words in _ERRORS.items()},
    "headers": {
        "RequestId": {
            "description": "The id of the request, as in `meta`: name it when you ask for help.",
            "schema": {"type": "string"},
        },
        "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "string"}},
    },
    "securitySchemes": {
        "accessToken": {
            "type": "http",
            "scheme": "bearer",
            "description": "An access token, `af_pat_…`: made on the settings page of an organization, for it alone, "
            "with scopes. Or the JWT of a sign-in through `/_allauth/app/v1/`, with `X-Organization`.",
        },
        "sessionToken": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Session-Token",
            "description": "The token of a sign-in through `/_allauth/app/v1/`, with `X-Organization`.",
        },
        "portalSession": {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The portal's own session, with `X-CSRFToken` for writes and `X-Organization`.",
        },
        "apiKey": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Api-Key",
            "description": "The API key of a subscription, as for the gateway.",
        },
    },
}
