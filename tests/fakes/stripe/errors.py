"""Stripe's error objects, and which of them are kept as the answer to an idempotency key."""

from typing import Any


class StripeError(Exception):
    """An answer other than 200.

    `is_saved`: the request was carried out and this is its outcome, so that the same key gets the same answer. A
    request that was refused before anything began (parameters, keys, rate) is not saved.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        param: str = "",
        code: str = "",
        is_saved: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.is_saved = is_saved
        self.error: dict[str, Any] = {"type": kind, "message": message}
        if param:
            self.error["param"] = param
        if code:
            self.error["code"] = code
            self.error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
        self.error |= more

    def about(self, **more: Any) -> "StripeError":
        """The same with objects that it concerns."""
        self.error |= more
        return self

    @property
    def document(self) -> dict[str, Any]:
        return {"error": self.error}


def invalid(message: str, param: str = "", code: str = "") -> StripeError:
    """The parameters are wrong: nothing has begun."""
    return StripeError(400, "invalid_request_error", message, param=param, code=code)


def refused(message: str, code: str = "", param: str = "") -> StripeError:
    """The parameters are right, but what is asked for cannot be done now; the key keeps this answer."""
    return StripeError(400, "invalid_request_error", message, param=param, code=code, is_saved=True)


def missing(kind: str, id_: str, param: str = "id") -> StripeError:
    """`kind` as in `payment_intent`."""
    return StripeError(404, "invalid_request_error", f"No such {kind}: '{id_}'", param=param, code="resource_missing")


def no_such(kind: str, id_: str, param: str) -> StripeError:
    """Something that the parameters name is not there: unlike an unknown address, this is a bad request."""
    return StripeError(400, "invalid_request_error", f"No such {kind}: '{id_}'", param=param, code="resource_missing")


DECLINES = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
}
# Declines whose `code` is a word of its own; the others are `card_declined` with a `decline_code`.
_OWN_CODES = {"expired_card", "incorrect_cvc", "processing_error", "authentication_required"}


def declined(decline_code: str, **more: Any) -> StripeError:
    """402: the bank said no. `more` holds the intent, the charge or the card that it is about."""
    code = decline_code if decline_code in _OWN_CODES else "card_declined"
    if code in {"card_declined", "authentication_required"}:
        more["decline_code"] = decline_code
    return StripeError(402, "card_error", DECLINES[decline_code], code=code, is_saved=True, **more)
