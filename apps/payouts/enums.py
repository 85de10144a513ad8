from django.db import models
from django.utils.translation import gettext_lazy as _


class PayoutMethod(models.TextChoices):
    """How a creator is paid: by the payment provider, or by staff who transfer the money themselves."""

    PROVIDER = "provider", _("Payment provider")
    BANK = "bank", _("Bank transfer")
    PAYPAL = "paypal", _("PayPal")

    @classmethod
    def manual(cls) -> frozenset[str]:
        return frozenset({cls.BANK, cls.PAYPAL})


class AccountStatus(models.TextChoices):
    """Whether money can be sent to a creator."""

    INCOMPLETE = "incomplete", _("Incomplete")
    ACTIVE = "active", _("Active")
    RESTRICTED = "restricted", _("Restricted")


class Schedule(models.TextChoices):
    WEEKLY = "weekly", _("Every Monday")
    MONTHLY = "monthly", _("On the first of each month")
    ON_REQUEST = "on_request", _("On request")


class PayoutStatus(models.TextChoices):
    """See `apps.payouts.state`."""

    PENDING_APPROVAL = "pending_approval", _("Waits for approval")
    APPROVED = "approved", _("Approved")
    # The destination cannot take it now: the money waits for it.
    HELD = "held", _("Held")
    # The provider was asked, and its answer is not known.
    SENDING = "sending", _("Sending")
    PAID = "paid", _("Paid")
    FAILED = "failed", _("Failed")
    CANCELED = "canceled", _("Canceled")
    REVERSED = "reversed", _("Reversed")

    @classmethod
    def open(cls) -> frozenset[str]:
        """Taken from the balance, and on its way."""
        return frozenset({cls.PENDING_APPROVAL, cls.APPROVED, cls.HELD, cls.SENDING})

    @classmethod
    def returned(cls) -> frozenset[str]:
        """Back in the balance."""
        return frozenset({cls.FAILED, cls.CANCELED, cls.REVERSED})


class RecoveryStatus(models.TextChoices):
    """Of taking a transfer back: what the provider refuses stays a debt that is asked for again."""

    PROCESSING = "processing", _("Processing")
    SUCCEEDED = "succeeded", _("Succeeded")
    # Refused: it is tried again, and the creator's next earnings settle it meanwhile.
    OWED = "owed", _("Owed")
    # Nothing is owed any more: later earnings have settled it.
    SETTLED = "settled", _("Settled by earnings")
    WRITTEN_OFF = "written_off", _("Written off")


class FaultKind(models.TextChoices):
    """How the provider's list and the books differ."""

    MISSING = "missing", _("Missing at the provider")
    EXTRA = "extra", _("Not in the books")
    CHANGED = "changed", _("Another amount")


class LineKind(models.TextChoices):
    """What moved a balance, on a statement."""

    SALE = "sale", _("Sale")
    REFUND = "refund", _("Refund")
    DISPUTE = "dispute", _("Dispute")
    PAYOUT = "payout", _("Payout")
    ADJUSTMENT = "adjustment", _("Adjustment")

    @classmethod
    def shared(cls) -> frozenset[str]:
        """Of which the platform and the tax office have a part."""
        return frozenset({cls.SALE, cls.REFUND, cls.DISPUTE})
