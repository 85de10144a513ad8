"""What happened to a call, in words for the creator: what is theirs to do, and what is the consumer's own affair."""

from dataclasses import replace

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from apps.portal.requests.explanations import Explanation
from apps.portal.requests.lines import explain
from apps.usage.selectors import RequestEntry

_Words = str | Promise

_THEIRS = lazy("Nothing for you to do: the consumer finds the reason, and what to do, in their own log.")
_PLATFORM = lazy("If it goes on, tell the platform's staff the request id.")
_BACKEND_LOG = lazy("Look into its log for this call: its id came in X-ApiFactory-Request-Id. It is not billed.")

# Code of a refusal or outcome of a forwarded call → what is said otherwise than to the consumer. Refusals that are
# not here are the consumer's own affair, failures that are not here the platform's.
_WORDS: dict[str, dict[str, _Words]] = {
    "route_not_found": {"advice": lazy("Add the endpoint, if consumers have reason to expect it.")},
    "method_not_allowed": {"advice": lazy("Add the endpoint with this method, if consumers have reason to expect it.")},
    "subscription_inactive": {"advice": lazy("Resume the subscription, if you paused it and it should call again.")},
    "product_suspended": {"advice": lazy("Contact the platform's staff, who stopped the product.")},
    "product_retired": {"advice": lazy("Nothing for you to do: you retired the product.")},
    "plan_upgrade_required": {
        "advice": lazy("They can move to a plan of a higher tier. Or give the endpoint a lower one."),
    },
    "rate_limited": {
        "advice": lazy("If the limit is too low for what it is sold for, write a new version of the plan.")
    },
    "quota_exceeded": {"advice": lazy("They can move to a higher plan. As a courtesy, you can reset their quota.")},
    "spend_cap_reached": {"advice": lazy("Nothing for you to do: they decide what extra units may cost.")},
    "request_too_large": {"advice": lazy("Raise the largest request body in the settings, if it should have passed.")},
    "request_timeout": {"advice": _THEIRS},
    "request_invalid": {"advice": _THEIRS},
    "access_ended": {"advice": lazy("Nothing for you to do: it is billed as far as your backend had answered.")},
    "share_taken": {"advice": lazy("If their calls are slow for a reason, give the plan a limit of calls in flight.")},
    "overloaded": {"advice": _PLATFORM},
    "unavailable": {"advice": _PLATFORM},
    "internal_error": {"advice": _PLATFORM},
    "abandoned": {
        "rule": lazy("The gateway process that carried the call ended before it could answer."),
        "advice": lazy("Nothing for you to do: the call is not billed, and the consumer can send it again."),
    },
    "client_closed": {
        "title": lazy("Consumer hung up"),
        "rule": lazy("The consumer's program closed the connection before the whole answer was there."),
        "advice": lazy("Look at the latency of the endpoint: callers give up on slow answers."),
    },
    "upstream_unreachable": {
        "rule": lazy("The gateway could not connect to your backend."),
        "advice": lazy("See that it runs and answers at the address in the settings. The call is not billed."),
    },
    "upstream_suspended": {
        "rule": lazy(
            "At least half of the calls of 10 seconds got no answer, so the gateway gave your backend a pause."
        ),
        "advice": lazy("See that it runs and answers in time. The gateway tries it with one call every few seconds."),
    },
    "upstream_invalid": {"rule": lazy("Your backend gave no valid HTTP answer."), "advice": _BACKEND_LOG},
    "upstream_timeout": {
        "rule": lazy("Your backend did not begin its answer in time."),
        "advice": lazy("Make it faster, or raise the time to the first byte in the settings. The call is not billed."),
    },
    "upstream_aborted": {
        "rule": lazy("Your backend ended the connection in the middle of its answer."),
        "advice": _BACKEND_LOG,
    },
}


def explain_to_creator(entry: RequestEntry) -> Explanation | None:
    """Why a call to the creator's product was refused or failed; None where the backend answered."""
    why = explain(entry)
    if why is None:
        return None
    words = {"advice": _THEIRS if entry.is_rejected else _PLATFORM} | _WORDS.get(code_of(entry), {})
    return replace(why, **{name: str(text) for name, text in words.items()})


def code_of(entry: RequestEntry) -> str:
    """The code of a refusal, or how a forwarded call ended."""
    if entry.rejection is not None:
        return entry.rejection.code
    assert entry.event is not None
    return entry.event.outcome
