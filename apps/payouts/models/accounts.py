"""Where a creator's money is sent, and when."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Organization
from apps.core.ids import PublicIdField
from apps.core.timestamps import TimestampField
from apps.payments.enums import Provider
from apps.payouts.enums import AccountStatus, PayoutMethod, Schedule

LEGAL_NAME_MAX = 100
TAX_ID_MAX = 30
ADDRESS_MAX = 500


class PayoutAccount(models.Model):
    """One for each organization. Amounts are minor units of `currency`."""

    public_id = PublicIdField("pa")
    organization = models.OneToOneField(Organization, on_delete=models.PROTECT, related_name="payout_account")
    method = models.CharField(_("paid by"), max_length=20, choices=PayoutMethod)
    status = models.CharField(max_length=20, choices=AccountStatus, default=AccountStatus.INCOMPLETE)
    # Empty with a method that staff carry out by hand.
    provider = models.CharField(max_length=20, choices=Provider, blank=True)
    # What the provider knows the account by.
    provider_account = models.CharField(max_length=100, blank=True)
    # What the provider still asks for, in its words.
    requirements = models.JSONField(default=list, blank=True)
    legal_name = models.CharField(_("legal name"), max_length=LEGAL_NAME_MAX)
    tax_id = models.CharField(_("tax id"), max_length=TAX_ID_MAX, blank=True)
    address = models.TextField(_("address"), max_length=ADDRESS_MAX)
    country = models.CharField(_("country"), max_length=2)
    # An IBAN or the number of an account; the BIC or the routing number of its bank.
    bank_account = models.CharField(_("bank account"), max_length=40, blank=True)
    bank_code = models.CharField(_("bank code"), max_length=20, blank=True)
    paypal_email = models.EmailField(_("PayPal address"), blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    schedule = models.CharField(_("schedule"), max_length=20, choices=Schedule, default=Schedule.MONTHLY)
    # The creator's own, in `currency`; that of the installation holds besides.
    minimum_amount = models.PositiveBigIntegerField(_("minimum"), null=True, blank=True)
    # The day of the schedule whose payouts are made already.
    scheduled_on = models.DateField(null=True, blank=True)
    # Since when staff let no money go there.
    stopped_at = models.DateTimeField(_("stopped since"), null=True, blank=True)
    created_at = TimestampField(auto_now_add=True)
    updated_at = TimestampField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["provider", "provider_account"], name="payout_account_by_provider")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(method="provider") | models.Q(provider="", provider_account=""),
                name="payout_account_provider_by_method",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} · {self.get_method_display()}"

    @property
    def is_ready(self) -> bool:
        """Whether money can be sent there now."""
        return self.status == AccountStatus.ACTIVE and self.stopped_at is None

    @property
    def destination(self) -> dict[str, Any]:
        """Where money goes, as a payout keeps it."""
        if self.method == PayoutMethod.BANK:
            return {"account": self.bank_account, "bank": self.bank_code, "name": self.legal_name}
        if self.method == PayoutMethod.PAYPAL:
            return {"account": self.paypal_email, "name": self.legal_name}
        return {"account": self.provider_account, "name": self.legal_name}
