from django.db import models
from django.utils.translation import gettext_lazy as _


class Provider(models.TextChoices):
    SANDBOX = "sandbox", _("Sandbox")
    STRIPE = "stripe", "Stripe"


class PaymentStatus(models.TextChoices):
    """`processing` until the provider's answer is known, `requires_action` until the cardholder has confirmed it at
    their bank; the other two are final.
    """

    PROCESSING = "processing", _("Processing")
    REQUIRES_ACTION = "requires_action", _("Needs confirmation")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")

    @classmethod
    def open(cls) -> "frozenset[PaymentStatus]":
        """Whose outcome is not known: no other attempt is made beside one of these."""
        return frozenset({cls.PROCESSING, cls.REQUIRES_ACTION})


class RefundStatus(models.TextChoices):
    """`processing` until the provider's answer is known; one that succeeded may fail after all (`returned_at`)."""

    PROCESSING = "processing", _("Processing")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")


class DisputeStatus(models.TextChoices):
    """`needs_response` until the bank has decided; the other two are final."""

    NEEDS_RESPONSE = "needs_response", _("Needs a response")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


class SandboxAnswer(models.TextChoices):
    """What became of a charge that the cardholder was asked to confirm."""

    CONFIRMED = "confirmed", _("Confirmed")
    REFUSED = "refused", _("Refused")
    CANCELED = "canceled", _("Canceled")


class SandboxMovementKind(models.TextChoices):
    REFUND = "refund", _("Refund")
    TRANSFER = "transfer", _("Transfer")
    TRANSFER_REVERSAL = "transfer_reversal", _("Transfer reversal")


class SandboxConduct(models.TextChoices):
    """What an account of the sandbox does with transfers."""

    TAKES = "takes", _("Takes transfers")
    SPENDS = "spends", _("Takes transfers and spends them: nothing can be taken back")
    RESTRICTED = "restricted", _("Restricted: more details are wanted, transfers fail")
    FAILS = "fails", _("Transfers fail")
