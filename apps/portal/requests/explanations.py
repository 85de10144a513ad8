"""Why the gateway refused a call, or why a forwarded one failed: what happened and what to do, in words."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.portal.formats import grouped


@dataclass(frozen=True)
class Explanation:
    """`title` is short enough for a row of a table; `rule` names what decided, `advice` the next step."""

    title: str
    rule: str
    advice: str


_Words = str | Promise

# Code of the problem → title, rule, advice. The codes are those of `apps.gateway.engine.messages.problems`.
_REFUSALS: dict[str, tuple[_Words, _Words, _Words]] = {
    "bad_request": (
        lazy("Unreadable request"),
        lazy("The request could be read in more than one way, so the gateway did not forward it."),
        lazy("Send the key once, and a path without dot segments, double slashes or escaped slashes."),
    ),
    "route_not_found": (
        lazy("No such endpoint"),
        lazy("The product has no endpoint with this path."),
        lazy("Compare the path with the documentation. Case counts, and so does a slash at the end."),
    ),
    "method_not_allowed": (
        lazy("Wrong method"),
        lazy("The path exists, but not with this method."),
        lazy("Use one of the methods that the Allow header of the answer lists."),
    ),
    "method_unknown": (
        lazy("Unknown method"),
        lazy("The method of the request is none that the gateway knows."),
        lazy("Look for a typing error; methods are written in upper case."),
    ),
    "key_missing": (
        lazy("No key"),
        lazy("The call had no API key."),
        lazy("Send it as “Authorization: Bearer”, as X-Api-Key, or as the query parameter api_key."),
    ),
    "key_invalid": (
        lazy("Unknown key"),
        lazy("The text that was sent is not a key of this installation."),
        lazy("Look for a missing character or a key of another installation, or create a new key."),
    ),
    "key_revoked": (
        lazy("Revoked key"),
        lazy("The key was revoked, so calls with it are refused."),
        lazy("Create a new key and put it in the place of the old one."),
    ),
    "key_expired": (
        lazy("Expired key"),
        lazy("The key's time was over."),
        lazy("Create a new key and put it in the place of the old one."),
    ),
    "not_subscribed": (
        lazy("Key of another product"),
        lazy("The key belongs to a subscription to another product."),
        lazy("Use a key of a subscription to this product."),
    ),
    "subscription_inactive": (
        lazy("Subscription not active"),
        lazy("The subscription was paused or canceled when the call came."),
        lazy("Open the subscription's history to see since when, or ask the creator of the product."),
    ),
    "product_suspended": (
        lazy("Product suspended"),
        lazy("The platform had stopped the product for everybody."),
        lazy("Wait, or ask the creator of the product when it will be back."),
    ),
    "product_retired": (
        lazy("Product retired"),
        lazy("The creator had retired the product: it does not answer calls any more."),
        lazy("Look at the product's page for what to use instead."),
    ),
    "payment_required": (
        lazy("Unpaid invoice"),
        lazy("An invoice of the subscription was not paid."),
        lazy("Pay the invoice; calls pass again within seconds."),
    ),
    "plan_upgrade_required": (
        lazy("Not in the plan"),
        lazy("The plan of the subscription does not open this endpoint."),
        lazy("See on the product's page which plan opens it."),
    ),
    "test_key_refused": (
        lazy("Nothing to answer a test with"),
        lazy("The product has no backend for tests, and the endpoint no documented example to answer a test key with."),
        lazy("Use a live key."),
    ),
    "scope_missing": (
        lazy("Scope missing"),
        lazy("The key does not have the scope that the method of the call needs."),
        lazy("Use a key that may write (or read, for GET, HEAD and OPTIONS), or create one with this scope."),
    ),
    "ip_not_allowed": (
        lazy("Address not allowed"),
        lazy("The call came from an address that the key, the product or the endpoint is not called from."),
        lazy("Call from an allowed network. The page of the key names its own; for others, ask the creator."),
    ),
    "rate_limited": (
        lazy("Rate limit"),
        lazy("More calls came within the window than the rate limit lets through."),
        lazy("Wait for the seconds that Retry-After names, and spread the calls over time."),
    ),
    "quota_exceeded": (
        lazy("Quota used up"),
        lazy("The units of the period were used up."),
        lazy("Calls pass again when the next period begins. A higher plan has more units."),
    ),
    "spend_cap_reached": (
        lazy("Spend cap reached"),
        lazy("Extra units had cost what the spend cap of the subscription allows for a period."),
        lazy("Raise the cap on the page of the subscription, or wait for the next period."),
    ),
    "signature_missing": (
        lazy("Not signed"),
        lazy("The product takes signed calls only, and this one had no Signature-Input and Signature."),
        lazy("Sign calls with the signing secret of the key; its page shows how."),
    ),
    "signature_invalid": (
        lazy("Signature not valid"),
        lazy("The signature was not of this call, or did not cover what it must."),
        lazy("Sign method, address and the digest of the body, with the secret of the key whose id is keyid."),
    ),
    "signature_expired": (
        lazy("Signature expired"),
        lazy(
            "The signature was made more than five minutes away from the gateway's clock, or said itself that it ended."
        ),
        lazy("Sign each call when it is sent, on a machine whose clock is right."),
    ),
    "signature_replayed": (
        lazy("Signature used before"),
        lazy("A call with the same signature had come already."),
        lazy("Sign each call anew, with a nonce that is used once."),
    ),
    "content_digest_mismatch": (
        lazy("Body not as signed"),
        lazy("The body did not have the SHA-256 that Content-Digest declares."),
        lazy("Make the digest of the bytes that are sent."),
    ),
    "request_too_large": (
        lazy("Request too large"),
        lazy("The body was larger than the product allows."),
        lazy("Send less in one call."),
    ),
    "target_too_long": (
        lazy("Address too long"),
        lazy("The path and query of the request were longer than the gateway reads."),
        lazy("Send long values in the body of the request."),
    ),
    "head_too_large": (
        lazy("Head too large"),
        lazy("The address and the headers of the request were larger than the gateway reads."),
        lazy("Send long values in the body of the request."),
    ),
    "request_timeout": (
        lazy("Request too slow"),
        lazy("The body of the request did not come in time."),
        lazy("Look for a slow connection, or send less in one call."),
    ),
    "websocket_unsupported": (
        lazy("No WebSocket"),
        lazy("The gateway does not pass WebSocket connections."),
        lazy("Use the endpoints of the product over plain HTTP."),
    ),
    "coding_unknown": (
        lazy("Unknown coding"),
        lazy("The body came in a transfer coding besides chunked, which the gateway does not take."),
        lazy("Send the body plain or in chunks. To send it compressed, use Content-Encoding."),
    ),
    "websocket_version": (
        lazy("Other WebSocket version"),
        lazy("The WebSocket connection was asked for in another version than 13, the only one that is a standard."),
        lazy("Use a current WebSocket client; it sends Sec-WebSocket-Version: 13."),
    ),
    "overloaded": (
        lazy("Gateway busy"),
        lazy("The gateway had more calls at once than it takes on: in all, or for this backend."),
        lazy("Send the call again after the seconds that Retry-After names."),
    ),
    "share_taken": (
        lazy("Too many at once"),
        lazy("So many calls of this subscription were in flight that others would have been kept waiting."),
        lazy("Wait for some of your calls to end before you send more. It took nothing from your limits."),
    ),
    "upstream_suspended": (
        lazy("Backend suspended"),
        lazy(
            "The backend of the product hardly answered any more, so the gateway gave it a pause and did not forward."
        ),
        lazy("Send the call again after the seconds that Retry-After names. It took nothing from your limits."),
    ),
    # Not a refusal: the record of a call whose gateway process was gone before it could answer.
    "abandoned": (
        lazy("Lost"),
        lazy("The gateway process that carried the call ended before it could answer. Your program saw no answer."),
        lazy("Send the call again. It is not billed."),
    ),
    "internal_error": (
        lazy("Gateway error"),
        lazy("Something went wrong in the gateway, so it did not forward the call."),
        lazy("Send the call again, and tell the platform's staff the request id."),
    ),
    "unavailable": (
        lazy("Gateway unavailable"),
        lazy("The gateway could not check the limits of the call, so it did not forward it."),
        lazy("Send the call again after the seconds that Retry-After names."),
    ),
}

# Outcome of a forwarded call → title, rule, advice; those of `apps.gateway.engine.forwarding.settle`.
_FAILURES: dict[str, tuple[_Words, _Words, _Words]] = {
    "client_closed": (
        lazy("You hung up"),
        lazy("Your program closed the connection before the whole answer was there."),
        lazy("Give the call a longer timeout. It is billed where the backend had answered."),
    ),
    "access_ended": (
        lazy("Access ended"),
        lazy("While the call was on its way, its key, subscription or product ended, so the gateway broke it off."),
        lazy("Call with a key and a subscription that are valid. It is billed where the backend had answered."),
    ),
    "request_too_large": _REFUSALS["request_too_large"],
    "request_timeout": _REFUSALS["request_timeout"],
    "request_invalid": _REFUSALS["bad_request"],
    "request_altered": _REFUSALS["content_digest_mismatch"],
    "overloaded": _REFUSALS["overloaded"],
    "upstream_unreachable": (
        lazy("Backend unreachable"),
        lazy("The gateway could not connect to the backend of the product."),
        lazy("Send the call again later. It is not billed."),
    ),
    "upstream_invalid": (
        lazy("Invalid answer"),
        lazy("The backend of the product gave no valid HTTP answer."),
        lazy("Tell the creator of the product, with the request id. The call is not billed."),
    ),
    "upstream_timeout": (
        lazy("Backend too slow"),
        lazy("The backend of the product did not answer in time."),
        lazy("Send the call again later. It is not billed."),
    ),
    "upstream_aborted": (
        lazy("Answer broke off"),
        lazy("The backend of the product ended the connection in the middle of its answer."),
        lazy("Send the call again. It is not billed."),
    ),
    "gateway_stopped": (
        lazy("Gateway restarted"),
        lazy("The gateway process that carried the call was stopped."),
        lazy("Send the call again."),
    ),
    "gateway_error": (
        lazy("Gateway error"),
        lazy("Something went wrong in the gateway."),
        lazy("Send the call again, and tell the platform's staff the request id. The call is not billed."),
    ),
}


def explain_refusal(code: str, *, counter: int | None = None, limit: int | None = None) -> Explanation:
    """Why the gateway did not forward a call. A code that is not known here explains itself by its name."""
    title, rule, advice = _REFUSALS.get(code, (code.replace("_", " ").capitalize(), "", ""))
    if limit is not None and counter is not None and code == "rate_limited":
        numbers = {"counter": grouped(counter), "limit": grouped(limit)}
        rule = _("%(counter)s calls had passed within the window, and the limit is %(limit)s.") % numbers
    elif limit is not None and counter is not None and code in ("quota_exceeded", "spend_cap_reached"):
        numbers = {"counter": grouped(counter), "limit": grouped(limit)}
        rule = _("%(counter)s of the %(limit)s units of the period were used, and the call needed more than were left.")
        rule %= numbers
    return Explanation(str(title), str(rule), str(advice))


def explain_failure(outcome: str) -> Explanation | None:
    """Why a forwarded call has no whole answer of the backend; None where it has."""
    words = _FAILURES.get(outcome)
    return Explanation(*(str(word) for word in words)) if words else None
