from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Organization, User
from apps.core.ids import PublicIdField, SlugField, random_base62
from apps.core.networks import TEXT_MAX
from apps.core.timestamps import TimestampField
from apps.products.enums import ImportSource, Method, ProductStatus, SupportKind


def new_proxy_secret() -> str:
    return f"afps_{random_base62(40)}"


def networks_field() -> "ArrayField[list[str], list[str]]":
    """CIDR texts as `apps.core.networks` writes them."""
    return ArrayField(models.CharField(max_length=TEXT_MAX), default=list, blank=True)


def logo_path(product: "Product", filename: str) -> str:
    """Where a logo is stored: a new name each time, so that browsers and proxies may keep it for ever."""
    return f"logos/{product.public_id}/{random_base62(12)}.png"


class Category(models.Model):
    """A shelf of the marketplace; staff keep the list."""

    slug = SlugField(max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=40, unique=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class ProductQuerySet(models.QuerySet["Product"]):
    def listed(self) -> "ProductQuerySet":
        """What everybody may see in the marketplace."""
        listed = self.filter(status=ProductStatus.PUBLISHED)
        return listed.exclude(slug=settings.HOSTING_PRODUCT) if settings.HOSTING_PRODUCT else listed


class Product(models.Model):
    """An API that an organization sells: where its backend is and how the gateway treats it."""

    public_id = PublicIdField("prod")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="products")
    slug = SlugField(_("address"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=80)
    tagline = models.CharField(_("tagline"), max_length=160, blank=True)
    description = models.TextField(_("description"), max_length=20_000, blank=True)
    category = models.ForeignKey(
        Category, null=True, blank=True, on_delete=models.SET_NULL, related_name="products", verbose_name=_("category")
    )
    # Lower case, in the creator's order.
    tags = ArrayField(models.CharField(max_length=30), default=list, blank=True, verbose_name=_("tags"))
    # A PNG as `services.logos` writes it, whatever was uploaded.
    logo = models.ImageField(_("logo"), upload_to=logo_path, max_length=200, blank=True)
    # What the creator calls the current release, such as "2.1"; free text.
    version = models.CharField(_("version"), max_length=20, blank=True)
    status = models.CharField(max_length=20, choices=ProductStatus, default=ProductStatus.DRAFT)
    # Deprecated: still sold and served, new consumers are warned.
    deprecated_at = models.DateTimeField(null=True, blank=True)
    # Retiring: not sold any more, and served until this instant; then a job makes it retired.
    retires_at = models.DateTimeField(null=True, blank=True)
    # Whether subscribers know of `retires_at` as it stands, and whether they have been reminded of it.
    retirement_announced_at = models.DateTimeField(null=True, blank=True)
    retirement_reminded_at = models.DateTimeField(null=True, blank=True)
    # What consumers are told about the deprecation or the end: why, and what to use instead.
    lifecycle_note = models.CharField(_("note to consumers"), max_length=500, blank=True)
    upstream_url = models.CharField(_("backend address"), max_length=500)
    # Where calls with a test key go; none: they get the examples of the documentation.
    test_upstream_url = models.CharField(_("backend address for test keys"), max_length=500, blank=True)
    # Sent to the backend with every call, and a key of the signature header.
    proxy_secret = models.CharField(max_length=60, default=new_proxy_secret, editable=False)
    # The one that will take its place, once the backend knows it; until then calls are signed with both.
    next_proxy_secret = models.CharField(max_length=60, blank=True, editable=False)
    max_body_bytes = models.PositiveBigIntegerField(_("largest request body"), default=10 * 1024 * 1024)
    timeout_seconds = models.PositiveSmallIntegerField(
        _("time to the first byte"), default=30, validators=[MinValueValidator(1), MaxValueValidator(300)]
    )
    # None: every answer below 500 is billed; else exactly these statuses.
    billable_statuses = models.JSONField(null=True, blank=True)
    # The header of an answer in which the backend reports the units of the call; empty: it does not.
    units_header = models.CharField(_("header with the units"), max_length=60, blank=True)
    # Accept X-RapidAPI-Key and send X-RapidAPI-Proxy-Secret, -User, -Subscription.
    rapidapi_compatible = models.BooleanField(_("RapidAPI headers"), default=False)
    # Where calls may come from; none: from anywhere. What is denied is so even where it is allowed.
    allowed_networks = networks_field()
    denied_networks = networks_field()
    # Refuse calls without a signature of RFC 9421 by the signing secret of their key.
    requires_signature = models.BooleanField(_("signed calls only"), default=False)
    published_at = models.DateTimeField(null=True, blank=True)
    created_at = TimestampField(auto_now_add=True)
    updated_at = TimestampField(auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=ProductStatus.values), name="product_status_known"),
        ]
        indexes = [
            models.Index(fields=["status", "-published_at", "-id"], name="product_newest"),
            models.Index(fields=["status", "name", "id"], name="product_by_name"),
            models.Index(fields=["retires_at"], condition=models.Q(retires_at__isnull=False), name="product_retiring"),
            GinIndex(fields=["tags"], name="product_tags"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_retired(self) -> bool:
        return self.status == ProductStatus.RETIRED

    @property
    def is_retiring(self) -> bool:
        """Whether an end is set that has not come yet."""
        return self.retires_at is not None and not self.is_retired


class SearchEntry(models.Model):
    """What the marketplace's search knows of a product, apart from it so that reading products stays cheap.

    `head` and `document` are kept by triggers of the database (see migration 0003), whoever writes the product.
    """

    product = models.OneToOneField(Product, on_delete=models.CASCADE, primary_key=True, related_name="search_entry")
    # Name, tags, tagline and creator, weighted A to D: small, because matches are ranked by it.
    head = SearchVectorField()
    # The same and the description: what is matched.
    document = SearchVectorField()
    # How many subscriptions are not canceled, as of the last count.
    subscribers = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "search entries"
        indexes = [
            GinIndex(fields=["document"], name="search_document"),
            models.Index(fields=["-subscribers", "-product"], name="search_popular"),
        ]

    def __str__(self) -> str:
        return f"search entry of {self.product_id}"


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
    # OpenAPI's operationId: by it an import recognises an operation whose path or method has changed.
    operation_id = models.CharField(max_length=200, blank=True)
    weight = models.PositiveIntegerField(_("units per call"), default=1)
    # The most that a call can cost where the backend reports its units; None: always the weight.
    max_units = models.PositiveIntegerField(_("units at most"), null=True, blank=True)
    # As those of the product; a call must pass both.
    allowed_networks = networks_field()
    denied_networks = networks_field()
    operation = models.JSONField(_("OpenAPI operation"), default=dict, blank=True)
    deprecated_at = models.DateTimeField(null=True, blank=True)
    sunset_at = models.DateTimeField(null=True, blank=True)
    # What callers are told beside the two: why, and what to call instead.
    deprecation_note = models.CharField(_("note to consumers"), max_length=500, blank=True)
    # Kept when removed, because usage goes on naming it.
    removed_at = models.DateTimeField(null=True, blank=True)
    created_at = TimestampField(auto_now_add=True)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        ordering = ["path", "method"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "method", "pattern"],
                condition=models.Q(removed_at__isnull=True),
                name="endpoint_route_once",
            ),
            models.CheckConstraint(
                condition=models.Q(max_units__isnull=True) | models.Q(max_units__gte=models.F("weight")),
                name="endpoint_max_units_cover_weight",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def summary(self) -> str:
        return str(self.operation.get("summary", "")) if isinstance(self.operation, dict) else ""


class ChangelogEntry(models.Model):
    """What changed in a product, written by its creator in Markdown. Unpublished ones are drafts."""

    public_id = PublicIdField("chg")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="changelog")
    version = models.CharField(_("version"), max_length=20, blank=True)
    title = models.CharField(_("title"), max_length=120)
    body = models.TextField(_("text"), max_length=20_000, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    # When subscribers were told of it, once, whatever happens to it afterwards.
    announced_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        ordering = ["-published_at", "-id"]
        indexes = [
            models.Index(
                fields=["published_at"],
                condition=models.Q(published_at__isnull=False, announced_at__isnull=True),
                name="changelog_unannounced",
            )
        ]
        verbose_name_plural = "changelog entries"

    def __str__(self) -> str:
        return self.title


class FaqEntry(models.Model):
    """A question that consumers often ask, with the answer in Markdown."""

    public_id = PublicIdField("faq")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="faq")
    question = models.CharField(_("question"), max_length=200)
    answer = models.TextField(_("answer"), max_length=10_000)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        verbose_name_plural = "FAQ entries"

    def __str__(self) -> str:
        return self.question


class SupportChannel(models.Model):
    """Where help is to be had: for everybody, or for subscribers of a tier and those above it."""

    public_id = PublicIdField("sup")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="support_channels")
    tier = models.ForeignKey(Tier, null=True, blank=True, on_delete=models.CASCADE, related_name="support_channels")
    kind = models.CharField(_("kind"), max_length=10, choices=SupportKind)
    # An address, a link or a number, as the kind wants it.
    value = models.CharField(_("address"), max_length=300)
    note = models.CharField(_("note"), max_length=160, blank=True)  # such as "answers within one working day"
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.value}"


class OpenApiImport(models.Model):
    """A document that was read for a product: previewed first, applied when its creator says so.

    `document` is what was read, as JSON values with references within it still in place.
    """

    public_id = PublicIdField("imp")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="imports")
    source = models.CharField(max_length=10, choices=ImportSource)
    origin = models.CharField(max_length=500, blank=True)  # the address, or the file's name
    dialect = models.CharField(max_length=5)  # the version of OpenAPI: 2.0, 3.0 or 3.1
    title = models.CharField(max_length=200, blank=True)
    version = models.CharField(max_length=60, blank=True)
    document = models.JSONField()
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = TimestampField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = "OpenAPI import"

    def __str__(self) -> str:
        return f"{self.title} {self.version}".strip() or self.public_id
