from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Organization
from apps.core.ids import PublicIdField, SlugField, random_base62
from apps.products.enums import Method, ProductStatus


def new_proxy_secret() -> str:
    return f"afps_{random_base62(40)}"


class ProductQuerySet(models.QuerySet["Product"]):
    def listed(self) -> "ProductQuerySet":
        """What everybody may see in the marketplace."""
        return self.filter(status=ProductStatus.PUBLISHED)


class Product(models.Model):
    """An API that an organization sells: where its backend is and how the gateway treats it."""

    public_id = PublicIdField("prod")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="products")
    slug = SlugField(_("address"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=80)
    tagline = models.CharField(_("tagline"), max_length=160, blank=True)
    description = models.TextField(_("description"), max_length=20_000, blank=True)
    status = models.CharField(max_length=20, choices=ProductStatus, default=ProductStatus.DRAFT)
    upstream_url = models.CharField(_("backend address"), max_length=500)
    # Sent to the backend with every call, and the key of the signature header.
    proxy_secret = models.CharField(max_length=60, default=new_proxy_secret, editable=False)
    max_body_bytes = models.PositiveBigIntegerField(_("largest request body"), default=10 * 1024 * 1024)
    timeout_seconds = models.PositiveSmallIntegerField(
        _("time to the first byte"), default=30, validators=[MinValueValidator(1), MaxValueValidator(300)]
    )
    # None: every answer below 500 is billed; else exactly these statuses.
    billable_statuses = models.JSONField(null=True, blank=True)
    # Accept X-RapidAPI-Key and send X-RapidAPI-Proxy-Secret, -User, -Subscription.
    rapidapi_compatible = models.BooleanField(_("RapidAPI headers"), default=False)
    published_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=ProductStatus.values), name="product_status_known"),
        ]
        indexes = [models.Index(fields=["status", "-published_at"], name="product_listing")]

    def __str__(self) -> str:
        return self.name


class Tier(models.Model):
    """A level of access within a product: an endpoint requires one, a plan sells one. Higher rank includes lower."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="tiers")
    slug = SlugField(max_length=40)
    name = models.CharField(_("name"), max_length=40)
    rank = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["product", "slug"], name="tier_slug_once"),
            models.UniqueConstraint(fields=["product", "rank"], name="tier_rank_once"),
        ]

    def __str__(self) -> str:
        return self.name


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    def current(self) -> "EndpointQuerySet":
        return self.filter(removed_at__isnull=True)


class Endpoint(models.Model):
    """A method and path template of a product; its documentation is an OpenAPI Operation Object."""

    public_id = PublicIdField("ep")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="endpoints")
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="endpoints")
    method = models.CharField(_("method"), max_length=7, choices=Method)
    path = models.CharField(_("path"), max_length=500)
    # Below the product's backend address; the same parameters as `path`.
    upstream_path = models.CharField(_("path at the backend"), max_length=500)
    # Two templates that match the same paths have the same pattern: parameter names do not count.
    pattern = models.CharField(max_length=500, editable=False)
    weight = models.PositiveIntegerField(_("units per call"), default=1)
    operation = models.JSONField(_("OpenAPI operation"), default=dict, blank=True)
    deprecated_at = models.DateTimeField(null=True, blank=True)
    sunset_at = models.DateTimeField(null=True, blank=True)
    # Kept when removed, because usage goes on naming it.
    removed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        ordering = ["path", "method"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "method", "pattern"],
                condition=models.Q(removed_at__isnull=True),
                name="endpoint_route_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def summary(self) -> str:
        return str(self.operation.get("summary", "")) if isinstance(self.operation, dict) else ""
