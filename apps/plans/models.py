from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.ids import PublicIdField, SlugField
from apps.plans.enums import WINDOW_SECONDS, QuotaAnchor, QuotaPeriodUnit, RateWindow
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
    published_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

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
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_free(self) -> bool:
        return self.price_amount == 0

    @property
    def is_on_sale(self) -> bool:
        return self.published_at is not None and self.withdrawn_at is None


class Quota(models.Model):
    """How many units a subscription may use in each period. A plan may have several at once."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="quotas")
    # Named in reply headers and rejections, such as "monthly".
    name = models.SlugField(_("name"), max_length=40)
    included_units = models.PositiveBigIntegerField(_("units"))
    period = models.CharField(_("period"), max_length=10, choices=QuotaPeriodUnit)
    anchor = models.CharField(_("begins with"), max_length=15, choices=QuotaAnchor, default=QuotaAnchor.SUBSCRIPTION)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["plan", "name"], name="quota_name_once")]

    def __str__(self) -> str:
        return f"{self.included_units} a {self.period}"


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
