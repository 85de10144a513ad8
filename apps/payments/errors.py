from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.core.errors import Conflict, DomainError

# What a person can do about it, by the provider's decline code.
_DECLINES = {
    "card_declined": gettext_noop("The bank declined the card. Use another card, or ask the bank."),
    "insufficient_funds": gettext_noop("The card was declined: it has insufficient funds. Use another card."),
    "expired_card": gettext_noop("The card was declined: it has expired. Use another card."),
    "authentication_required": gettext_noop(
        "The bank wanted the payment to be confirmed, and it was not. Pay again and confirm it, or use another card."
    ),
    "amount_too_small": gettext_noop("The amount is too small to be charged to a card."),
    "amount_not_supported": gettext_noop("Cards cannot be charged with an amount of so many decimal places."),
    "amount_too_large": gettext_noop("The amount is too large to be charged to a card."),
    "not_processed": gettext_noop("The payment never reached the payment provider; nothing was charged. Try again."),
    "checkout_expired": gettext_noop(
        "The page of the payment provider was left or its time was over; nothing was charged. Try again."
    ),
    "generic_decline": gettext_noop("The bank declined the card without a reason. Use another card, or ask the bank."),
}


def decline_message(code: str) -> str:
    """A decline code in words."""
    return _(_DECLINES.get(code, _DECLINES["card_declined"]))


class CardDeclined(DomainError):
    """The payment is recorded, and nothing was charged. `details` has `decline_code` and `payment`."""

    code = "card_declined"
    status = 402
    message = _DECLINES["card_declined"]


class CardRefused(DomainError):
    """A card that cannot be used at all; `field` is the part of it that is wrong."""

    code = "card_invalid"
    status = 422
    message = gettext_noop("This card cannot be used.")


class CardInUse(Conflict):
    code = "card_in_use"
    message = gettext_noop(
        "A paid subscription is renewed with this card, and there is no other. Add another card first, or let the"
        " subscription end."
    )


class CardNeeded(Conflict):
    code = "card_needed"
    message = gettext_noop(
        "This plan has no price, and what you use beyond its included units is charged to your default card. Add a card"
        " first."
    )


class PaymentPending(DomainError):
    """The provider has not said what became of the payment: it is asked again, and nothing is charged twice."""

    code = "payment_processing"
    status = 409
    message = gettext_noop(
        "The payment provider has not answered yet. It is asked again within a minute; nothing is charged twice."
    )


class PaymentWaits(PaymentPending):
    """A payment waits for its people, on the page of the provider or of their bank."""

    message = gettext_noop(
        "A payment of this waits for you on the page of the payment provider or of your bank. Finish it there, or"
        " choose to pay in another way first."
    )


class ConfirmationNeeded(DomainError):
    """The cardholder's bank wants them to confirm the payment: `details` has `action_url`, where, and `payment`."""

    code = "payment_requires_action"
    status = 402
    message = gettext_noop("Your bank wants you to confirm this payment. Nothing is charged before you have.")


class RefundTooLarge(Conflict):
    """`details` has `refundable_amount`, in minor units."""

    code = "refund_too_large"
    message = gettext_noop("This is more than what is left of the payment: parts of it were refunded or disputed.")


class UnknownCharge(Exception):
    """A provider speaks of a charge that no payment has yet: a payment is under way that may turn out to be it."""


class NotOurs(Exception):
    """A provider speaks of what this installation has not made: the text says of what. There is nothing to be done."""


class NotOffered(Exception):
    """This provider does not do that; see `PaymentProvider.takes_cards`."""


class ProviderUnavailable(Exception):
    """The provider gave no answer: what became of the request is not known."""
