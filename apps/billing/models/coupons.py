"""Coupons, and what was taken off for them."""

from decimal import Decimal
from fractions import Fraction

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Organization, User
from apps.billing.enums import CouponDuration, InvoiceStatus
from apps.billing.models.invoices import Invoice
from apps.core.ids import PublicIdField
from apps.core.money import round_half_up
from apps.core.timestamps import TimestampField
from apps.plans.models import Plan
from apps.products.models import Product
from apps.subscriptions.models import Subscription


class Coupon(models.Model):
    """So much off the price of a plan, for a product or (without one) on the whole platform.

    Its terms never change once it is made; archived, it is not accepted any more, and holds for who has it.
    """

    public_id = PublicIdField("coup")
    product = models.ForeignKey(Product, null=True, blank=True, on_delete=models.CASCADE, related_name="coupons")
    # In capital letters: codes are compared without regard to case.
    code = models.CharField(_("code"), max_length=40)
    # One of the two: a share of the price, or minor units of `currency`.
    percent = models.DecimalField(_("percent off"), max_digits=5, decimal_places=2, null=True, blank=True)
    amount = models.PositiveBigIntegerField(_("amount off"), null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    duration = models.CharField(_("holds"), max_length=10, choices=CouponDuration)
    cycles = models.PositiveSmallIntegerField(_("billing periods"), null=True, blank=True)
    max_redemptions = models.PositiveIntegerField(_("redeemed at most"), null=True, blank=True)
    redeem_by = models.DateTimeField(_("redeemed before"), null=True, blank=True)
    # Of the plans that it holds for; empty: all.
    plan_slugs = models.JSONField(_("plans"), default=list, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["product", "code"], name="coupon_code_once", nulls_distinct=False),
            models.CheckConstraint(
                condition=models.Q(percent__gt=0, percent__lte=100, amount__isnull=True, currency="")
                | (models.Q(percent__isnull=True, amount__gt=0) & ~models.Q(currency="")),
                name="coupon_percent_or_amount",
            ),
            models.CheckConstraint(
                condition=models.Q(duration=CouponDuration.REPEATING, cycles__gt=0)
                | (~models.Q(duration=CouponDuration.REPEATING) & models.Q(cycles__isnull=True)),
                name="coupon_cycles_where_repeating",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def holds_for(self, plan: Plan) -> bool:
        """Whether something is taken off the price of this plan."""
        is_named = not self.plan_slugs or plan.slug in self.plan_slugs
        return is_named and not plan.is_free and (self.amount is None or self.currency == plan.currency)

    def discount_of(self, price: int) -> int:
        """Minor units that are taken off a price, never more than it; a percentage is rounded half up."""
        if self.percent is not None:
            return round_half_up(price * Fraction(Decimal(self.percent)) / 100)
        return min(price, self.amount or 0)

    @property
    def cycles_max(self) -> int | None:
        """For how many billing periods it holds; None: for all."""
        return {CouponDuration.ONCE: 1, CouponDuration.FOREVER: None}.get(CouponDuration(self.duration), self.cycles)


class CouponRedemption(models.Model):
    """A coupon that an organization has entered, for one subscription. An organization has each coupon once."""

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="redemptions")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="coupon_redemptions")
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="coupon_redemptions")
    redeemed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    redeemed_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["coupon", "organization"], name="coupon_once_per_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.coupon} for {self.subscription_id}"

    @property
    def cycles_left(self) -> int | None:
        """For how many more billing periods it holds; None: for all. A void invoice has taken none."""
        most = self.coupon.cycles_max
        if most is None:
            return None
        taken = self.uses.filter(models.Q(invoice__isnull=True) | ~models.Q(invoice__status=InvoiceStatus.VOID))
        return max(0, most - taken.count())

    @property
    def is_running(self) -> bool:
        return self.cycles_left != 0


class CouponUse(models.Model):
    """A billing period for which a redeemed coupon was taken off; without an invoice where nothing was left to pay."""

    redemption = models.ForeignKey(CouponRedemption, on_delete=models.PROTECT, related_name="uses")
    invoice = models.OneToOneField(Invoice, null=True, blank=True, on_delete=models.SET_NULL, related_name="coupon_use")
    period_start = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.redemption_id} {self.period_start:%Y-%m-%d}"
