from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Organization, User
from apps.core.ids import PublicIdField, SlugField
from apps.core.timestamps import TimestampField
from apps.plans.enums import (
    WINDOW_SECONDS,
    BillingInterval,
    OverageRule,
    PlanVisibility,
    QuotaAnchor,
    QuotaOnChange,
    QuotaPeriodUnit,
    RateWindow,
)
from apps.plans.pricing import TierPrice
from apps.products.models import Endpoint, Product, Tier


class PlanQuerySet(models.QuerySet["Plan"]):
    def on_sale(self) -> "PlanQuerySet":
        """Published and not replaced by a newer version or withdrawn."""
        return self.filter(published_at__isnull=False, withdrawn_at__isnull=True)


class Plan(models.Model):
    """What a consumer subscribes to: one tier, with quotas, rate limits and a price.

    Immutable once published: an edit makes a new version with the same slug, and subscribers stay on
    theirs until they are moved.
    """

    public_id = PublicIdField("plan")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="plans")
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="plans")
    slug = SlugField(max_length=40)
    version = models.PositiveIntegerField(default=1)
    name = models.CharField(_("name"), max_length=40)
    description = models.CharField(_("description"), max_length=300, blank=True)
    # Minor units of the currency for one billing interval; 0 is a free plan.
    price_amount = models.PositiveBigIntegerField(_("price"), default=0)
    currency = models.CharField(max_length=3, default="USD")
    interval = models.CharField(
        _("billing interval"), max_length=10, choices=BillingInterval, default=BillingInterval.MONTH
    )
    # A first period without charge, once for each organization and product; 0 is none.
    trial_days = models.PositiveSmallIntegerField(_("days of trial"), default=0)
    trial_requires_card = models.BooleanField(_("the trial needs a card"), default=False)
    requires_approval = models.BooleanField(_("the creator approves each subscription"), default=False)
    visibility = models.CharField(_("visible to"), max_length=10, choices=PlanVisibility, default=PlanVisibility.PUBLIC)
    quota_on_change = models.CharField(
        _("quota when the plan changes"), max_length=10, choices=QuotaOnChange, default=QuotaOnChange.RESET
    )
    # How many calls of a subscription may be in flight at once; None: any number.
    max_concurrent = models.PositiveIntegerField(_("calls at once"), null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    created_at = TimestampField(auto_now_add=True)

    objects = PlanQuerySet.as_manager()

    class Meta:
        ordering = ["tier__rank", "price_amount", "id"]
        constraints = [
            models.UniqueConstraint(fields=["product", "slug", "version"], name="plan_version_once"),
            models.UniqueConstraint(
                fields=["product", "slug"],
                condition=models.Q(published_at__isnull=False, withdrawn_at__isnull=True),
                name="plan_one_version_on_sale",
            ),
            models.CheckConstraint(
                condition=models.Q(max_concurrent__isnull=True) | models.Q(max_concurrent__gt=0),
                name="plan_max_concurrent_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_free(self) -> bool:
        return self.price_amount == 0

    @property
    def is_pay_as_you_go(self) -> bool:
        """Whether nothing is paid in advance, and what is used beyond the included units at the end of the period."""
        return self.is_free and any(quota.charges_extra for quota in self.quotas.all())

    @property
    def is_public(self) -> bool:
        return self.visibility == PlanVisibility.PUBLIC

    @property
    def is_on_sale(self) -> bool:
        return self.published_at is not None and self.withdrawn_at is None


class PlanGrant(models.Model):
    """An organization that may see and buy a private plan: every version of it."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="plan_grants")
    plan_slug = SlugField(max_length=40)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="plan_grants")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["product", "plan_slug", "organization"], name="plan_grant_once"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_slug} for {self.organization_id}"


class Quota(models.Model):
    """How many units a subscription may use in each period. A plan may have several at once."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="quotas")
    # Named in reply headers and rejections, such as "monthly".
    name = models.SlugField(_("name"), max_length=40)
    included_units = models.PositiveBigIntegerField(_("units"))
    period = models.CharField(_("period"), max_length=10, choices=QuotaPeriodUnit)
    anchor = models.CharField(_("begins with"), max_length=15, choices=QuotaAnchor, default=QuotaAnchor.SUBSCRIPTION)
    overage = models.CharField(_("beyond it"), max_length=10, choices=OverageRule, default=OverageRule.BLOCK)
    # Minor units of the plan's currency for one unit beyond the included ones; it may be a fraction of a cent.
    overage_unit_amount = models.DecimalField(
        _("price per extra unit"), max_digits=20, decimal_places=8, null=True, blank=True
    )
    # How many units beyond the included ones may be used and are charged.
    overage_max_units = models.PositiveBigIntegerField(_("extra units at most"), null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "name"], name="quota_name_once"),
            # The units of a period are counted once, whatever quota they count against.
            models.UniqueConstraint(fields=["plan", "period"], name="quota_period_length_once"),
            models.UniqueConstraint(
                fields=["plan"], condition=~models.Q(overage=OverageRule.BLOCK), name="quota_one_overage_per_plan"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    overage=OverageRule.BLOCK, overage_unit_amount__isnull=True, overage_max_units__isnull=True
                )
                | models.Q(overage=OverageRule.PER_UNIT, overage_unit_amount__gte=0, overage_max_units__isnull=False)
                # Its prices are those of its tiers.
                | models.Q(
                    overage=OverageRule.GRADUATED, overage_unit_amount__isnull=True, overage_max_units__isnull=False
                ),
                name="quota_overage_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.included_units} a {self.period}"

    @property
    def ceiling_units(self) -> int:
        """How many units may be used in a period: the included ones and those that are charged."""
        return self.included_units + (self.overage_max_units or 0)

    @property
    def charges_extra(self) -> bool:
        """Whether units beyond the included ones pass and are charged."""
        return self.overage in OverageRule.charged()

    @property
    def is_graduated(self) -> bool:
        return self.overage == OverageRule.GRADUATED

    @property
    def tier_prices(self) -> tuple[TierPrice, ...]:
        """What extra units cost, as `apps.plans.pricing` takes it; empty where they are refused."""
        if self.overage_unit_amount is not None:
            return (TierPrice(None, self.overage_unit_amount),)
        if not self.is_graduated:
            return ()
        return tuple(TierPrice(tier.up_to_units, tier.unit_amount, tier.flat_amount) for tier in self.price_tiers.all())


class PriceTier(models.Model):
    """What extra units of a quota cost from the end of the tier before up to `up_to_units`, in minor units.

    Counted from the first extra unit; the last tier has no end, as the quota's cap is one.
    """

    quota = models.ForeignKey(Quota, on_delete=models.CASCADE, related_name="price_tiers")
    up_to_units = models.PositiveBigIntegerField(_("up to unit"), null=True, blank=True)
    # For each unit; it may be a fraction of a cent.
    unit_amount = models.DecimalField(_("price per unit"), max_digits=20, decimal_places=8)
    # Once, with the first unit of the tier.
    flat_amount = models.PositiveBigIntegerField(_("flat price"), default=0)

    class Meta:
        ordering = ["up_to_units"]  # Postgres puts the last tier, which has no end, last
        constraints = [
            models.UniqueConstraint(fields=["quota", "up_to_units"], name="price_tier_once", nulls_distinct=False),
            models.CheckConstraint(
                condition=models.Q(unit_amount__gte=0)
                & (models.Q(up_to_units__isnull=True) | models.Q(up_to_units__gt=0)),
                name="price_tier_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"up to {self.up_to_units}" if self.up_to_units else "beyond"


class RateLimit(models.Model):
    """How many calls may pass in a sliding window: for the whole plan, or for one endpoint instead of that."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="rate_limits")
    endpoint = models.ForeignKey(Endpoint, null=True, blank=True, on_delete=models.CASCADE, related_name="rate_limits")
    name = models.SlugField(max_length=40)
    max_calls = models.PositiveIntegerField(_("calls"))
    window = models.CharField(_("per"), max_length=10, choices=RateWindow)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "endpoint", "window"], name="rate_limit_window_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.max_calls} a {self.window}"

    @property
    def window_seconds(self) -> int:
        return WINDOW_SECONDS[RateWindow(self.window)]
