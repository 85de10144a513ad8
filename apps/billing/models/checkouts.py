"""Purchases under way."""

from django.db import models

from apps.accounts.models import Organization, User
from apps.billing.enums import CheckoutAction, CheckoutKind, CheckoutStatus
from apps.billing.models.invoices import Invoice
from apps.core.ids import PublicIdField
from apps.core.timestamps import TimestampField
from apps.plans.models import Plan
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription


class Checkout(models.Model):
    """A purchase under way: open until its invoice is paid, or its time is over.

    Without an invoice and open, it waits for the creator's approval; completed, nothing was to be paid.
    """

    public_id = PublicIdField("co")
    kind = models.CharField(max_length=20, choices=CheckoutKind)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="checkouts")
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="checkouts")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    # The plan that is left, of a change.
    from_plan = models.ForeignKey(Plan, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    invoice = models.OneToOneField(Invoice, null=True, blank=True, on_delete=models.PROTECT, related_name="checkout")
    status = models.CharField(max_length=20, choices=CheckoutStatus, default=CheckoutStatus.OPEN)
    expires_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["expires_at"], condition=models.Q(status="open"), name="checkout_open_by_expiry")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subscription"], condition=models.Q(status="open"), name="checkout_one_open"
            ),
            models.CheckConstraint(
                condition=models.Q(invoice__isnull=True) | models.Q(expires_at__isnull=False),
                name="checkout_with_an_invoice_expires",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.status}"

    @property
    def next_action(self) -> CheckoutAction | None:
        if self.status != CheckoutStatus.OPEN:
            return None
        waits_for_creator = self.subscription.status == SubscriptionStatus.PENDING_APPROVAL
        return CheckoutAction.APPROVAL if waits_for_creator else CheckoutAction.PAY
