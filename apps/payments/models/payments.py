from django.db import models
from django.utils.translation import gettext as _

from apps.accounts.models import Organization, User
from apps.core.ids import PublicIdField
from apps.core.timestamps import TimestampField
from apps.payments.enums import PaymentStatus, Provider


class PaymentMethod(models.Model):
    """A card that an organization pays with. Its number and security code are the provider's alone."""

    public_id = PublicIdField("pm")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="payment_methods")
    provider = models.CharField(max_length=20, choices=Provider)
    # What the provider knows the card by; worthless anywhere else.
    token = models.CharField(max_length=200)
    # The same for the same card, however often it is typed; empty where it is not known.
    fingerprint = models.CharField(max_length=100, blank=True)
    brand = models.CharField(max_length=20)
    last4 = models.CharField(max_length=4)
    exp_month = models.PositiveSmallIntegerField()
    exp_year = models.PositiveSmallIntegerField()
    holder_name = models.CharField(max_length=100, blank=True)
    is_default = models.BooleanField(default=False)
    removed_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        ordering = ["-is_default", "-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization"], condition=models.Q(is_default=True), name="payment_method_one_default"
            ),
            models.CheckConstraint(
                condition=models.Q(is_default=False) | models.Q(removed_at__isnull=True),
                name="payment_method_default_is_usable",
            ),
            models.CheckConstraint(
                condition=models.Q(exp_month__range=(1, 12)), name="payment_method_month_of_the_year"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brand.capitalize()} •••• {self.last4}"

    @property
    def expires(self) -> str:
        """As on the card: 04/30."""
        return f"{self.exp_month:02}/{self.exp_year % 100:02}"


class Payment(models.Model):
    """One attempt to move money for one thing that is owed; the row is there before the provider is asked."""

    public_id = PublicIdField("pay")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="payments")
    provider = models.CharField(max_length=20, choices=Provider)
    # None while the card is typed on a page of the provider's, and where none was.
    method = models.ForeignKey(PaymentMethod, null=True, blank=True, on_delete=models.PROTECT, related_name="payments")
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=PaymentStatus, default=PaymentStatus.PROCESSING)
    # What is paid, such as an invoice's public id.
    reference = models.CharField(max_length=40)
    # Sent with every request about this payment, so that the provider charges once.
    idempotency_key = models.CharField(max_length=60, unique=True)
    provider_reference = models.CharField(max_length=100, blank=True)
    decline_code = models.CharField(max_length=40, blank=True)
    # Where the cardholder confirms it at their bank or types their card, while it is `requires_action`.
    action_url = models.URLField(max_length=2000, blank=True)
    # Who pays; nobody where the default card is charged by itself.
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = TimestampField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["reference"], name="payment_by_reference"),
            models.Index(
                fields=["created_at"],
                condition=models.Q(status__in=["processing", "requires_action"]),
                name="payment_open_by_age",
            ),
            models.Index(
                fields=["provider_reference"],
                condition=~models.Q(provider_reference=""),
                name="payment_by_provider_reference",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payment_of_something"),
            models.CheckConstraint(
                condition=models.Q(status__in=["processing", "requires_action"], settled_at__isnull=True)
                | models.Q(status__in=["succeeded", "failed"], settled_at__isnull=False),
                name="payment_settled_when_known",
            ),
            models.CheckConstraint(
                condition=models.Q(action_url="") | models.Q(status="requires_action"),
                name="payment_action_while_required",
            ),
            # Nothing is paid twice: while one attempt is open, and after one succeeded, there is no other.
            models.UniqueConstraint(
                fields=["reference"],
                condition=models.Q(status__in=["processing", "requires_action", "succeeded"]),
                name="payment_reference_paid_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.status}"

    @property
    def paid_with(self) -> str:
        """The card in words, also where it is the provider's alone to know."""
        return str(self.method) if self.method else _("a card on the provider's page")
