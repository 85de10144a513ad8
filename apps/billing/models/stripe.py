"""What is sold through Stripe, not here: which plan a price of Stripe's stands for, and what was paid for it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.core.ids import PublicIdField, SlugField
from apps.core.timestamps import TimestampField
from apps.products.models import Product
from apps.subscriptions.models import Subscription


class PlanPrice(models.Model):
    """A price of Stripe's that stands for a plan: whoever subscribes to it there has the plan here."""

    public_id = PublicIdField("price")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="stripe_prices")
    plan_slug = SlugField(_("plan"), max_length=40)
    price = models.CharField(_("Stripe's price"), max_length=100, db_index=True, help_text=_("Its id, such as price_…"))
    note = models.CharField(_("reason"), max_length=200)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = TimestampField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["price"], condition=models.Q(removed_at__isnull=True), name="plan_price_one_plan"
            )
        ]

    def __str__(self) -> str:
        return f"{self.price} → {self.plan_slug}"


class StripeInvoice(models.Model):
    """An invoice of Stripe's that was paid, and is in the journal under its reference; none of ours."""

    reference = models.CharField(max_length=100, unique=True)
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="stripe_invoices")
    # That of the PaymentIntent, by which the provider's own list knows the money.
    payment_reference = models.CharField(max_length=100, db_index=True)
    # Minor units; `tax_amount` of it is tax.
    amount = models.PositiveBigIntegerField()
    tax_amount = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    paid_at = models.DateTimeField()
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        ordering = ["-paid_at", "-id"]

    def __str__(self) -> str:
        return self.reference
