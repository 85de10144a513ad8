from collections.abc import Collection, Iterable, Sequence
from http.client import SWITCHING_PROTOCOLS
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_event
from apps.accounts.models import Organization, User
from apps.accounts.permissions import Action
from apps.accounts.staff import checked_reason, require_staff
from apps.core import clock
from apps.core.addresses import check_url
from apps.core.errors import Conflict, Invalid
from apps.core.networks import check_networks
from apps.core.rows import first_or_not_found
from apps.core.slugs import check_slug
from apps.core.values import check_integer, check_line, check_text
from apps.products.enums import ProductStatus
from apps.products.hosting import is_hosting_slug
from apps.products.models import Category, Product, Tier
from apps.products.own_names import is_own_name
from apps.products.readiness import missing_for_publication
from apps.products.services.writing import announce_product, lock_living_product, lock_product, record_change
from apps.products.tags import check_tags
from apps.products.units import check_units_header

FIRST_TIER = "Free"
PRODUCTS_MAX = 500
BODY_BYTES_MAX = 1024**3
# The longest times that a backend may be given, by field.
TIMEOUTS_MAX = {"connect_seconds": 30, "timeout_seconds": 300, "idle_seconds": 3600, "total_seconds": 86_400}


@transaction.atomic
def create_product(
    *, actor: Actor, name: str, slug: str, upstream_url: str, tagline: str = "", description: str = ""
) -> Product:
    """A draft with one tier, called Free. Raises `Invalid` with the field that is wrong."""
    actor.require(Action.PRODUCTS_EDIT)
    Organization.objects.select_for_update(no_key=True).get(pk=actor.organization.pk)
    if Product.objects.filter(organization=actor.organization).count() >= PRODUCTS_MAX:
        raise Conflict(_("An organization has %(most)d products at most.") % {"most": PRODUCTS_MAX})
    product = Product(organization=actor.organization, slug=check_slug(slug))
    _describe(product, name, upstream_url, tagline, description)
    if is_hosting_slug(product.slug):
        # Nobody becomes who is paid for hosting by being the first to take the address.
        raise Invalid(_("This address is taken. Choose another one."), field="slug")
    try:
        with transaction.atomic():
            product.save()
    except IntegrityError:
        raise Invalid(_("This address is taken. Choose another one."), field="slug") from None
    Tier.objects.create(product=product, slug=FIRST_TIER.lower(), name=FIRST_TIER, rank=0)
    record_change(actor, product, "product.created", f"Created the product {product.name}")
    return product


@transaction.atomic
def update_product(
    *,
    actor: Actor,
    product: Product,
    name: str,
    upstream_url: str,
    tagline: str = "",
    description: str = "",
    max_body_bytes: int | None = None,
    connect_seconds: int | None = None,
    timeout_seconds: int | None = None,
    idle_seconds: int | None = None,
    total_seconds: int | None = None,
    rapidapi_compatible: bool | None = None,
    category: str | None = None,
    tags: Iterable[str] | None = None,
    version: str | None = None,
    test_upstream_url: str | None = None,
    units_header: str | None = None,
    allowed_networks: Sequence[str] | None = None,
    denied_networks: Sequence[str] | None = None,
    requires_signature: bool | None = None,
    log_headers: bool | None = None,
    log_bodies: bool | None = None,
) -> Product:
    """Change what a product says and where its backend is; the gateway follows within seconds.

    What is None stays as it is. `category` is the slug of one, empty for none; networks are addresses and CIDR
    texts; `total_seconds` 0 is no limit. Raises `Invalid` with the field that is wrong.
    """
    actor.require(Action.PRODUCTS_EDIT)
    product = lock_product(actor, product)
    _describe(product, name, upstream_url, tagline, description)
    if max_body_bytes is not None:
        product.max_body_bytes = check_integer(max_body_bytes, field="max_body_bytes", lowest=0, highest=BODY_BYTES_MAX)
    _time(
        product,
        connect_seconds=connect_seconds,
        timeout_seconds=timeout_seconds,
        idle_seconds=idle_seconds,
        total_seconds=total_seconds,
    )
    if rapidapi_compatible is not None:
        product.rapidapi_compatible = bool(rapidapi_compatible)
    _place(product, category, tags, version)
    if test_upstream_url is not None:
        product.test_upstream_url = _checked_url(test_upstream_url, "test_upstream_url") if test_upstream_url else ""
    if units_header is not None:
        product.units_header = check_units_header(units_header)
    _restrict(product, allowed_networks, denied_networks, requires_signature)
    if log_headers is not None:
        product.log_headers = bool(log_headers)
    if log_bodies is not None:
        product.log_bodies = bool(log_bodies)
    product.save(
        update_fields=[
            "name", "tagline", "description", "upstream_url", "test_upstream_url", "category", "tags", "version",
            "max_body_bytes", *TIMEOUTS_MAX, "rapidapi_compatible", "units_header",
            "allowed_networks", "denied_networks", "requires_signature", "log_headers", "log_bodies",
            "updated_at",
        ]
    )  # fmt: skip
    record_change(actor, product, "product.updated", f"Changed the product {product.name}")
    return product


@transaction.atomic
def set_billable_statuses(*, actor: Actor, product: Product, statuses: Collection[int] | None) -> Product:
    """Say which answers of the backend are billed: exactly these; None: all below 500.

    Raises `Invalid` for what is no HTTP status of an answer (101, 200 to 599).
    """
    actor.require(Action.PLANS_EDIT)
    product = lock_product(actor, product)
    if statuses is not None:
        checked = {_check_status(status) for status in statuses}
        statuses = sorted(checked)
    product.billable_statuses = statuses
    product.save(update_fields=["billable_statuses", "updated_at"])
    record_change(actor, product, "product.billing_changed", f"Changed which answers of {product.name} are billed")
    return product


@transaction.atomic
def publish_product(*, actor: Actor, product: Product) -> Product:
    """List the product in the marketplace; once more is no error. Raises `Conflict` that says what is missing."""
    actor.require(Action.PRODUCTS_PUBLISH)
    # One at a time: how many an organization may publish can be limited.
    Organization.objects.select_for_update(no_key=True).get(pk=actor.organization.pk)
    product = lock_living_product(actor, product)
    if product.status == ProductStatus.PUBLISHED:
        return product
    if product.retires_at is not None:
        raise Conflict(_("This product is being retired. Call that off first."))
    missing = missing_for_publication(product)
    if missing:
        raise Conflict(_("Before you can publish: %(missing)s") % {"missing": " ".join(missing)})
    product.status = ProductStatus.PUBLISHED
    product.published_at = product.published_at or clock.now()
    product.save(update_fields=["status", "published_at", "updated_at"])
    record_change(actor, product, "product.published", f"Published the product {product.name}")
    return product


@transaction.atomic
def unpublish_product(*, actor: Actor, product: Product) -> Product:
    """Take the product off the marketplace: no new subscriptions, existing ones go on."""
    actor.require(Action.PRODUCTS_PUBLISH)
    product = lock_product(actor, product)
    if product.status != ProductStatus.PUBLISHED:
        raise Conflict(_("Only a published product can be unpublished."))
    product.status = ProductStatus.UNPUBLISHED
    product.save(update_fields=["status", "updated_at"])
    record_change(actor, product, "product.unpublished", f"Unpublished the product {product.name}")
    return product


@transaction.atomic
def suspend_product(*, staff: User, product: Product, reason: str) -> Product:
    """Stop a product for everybody (abuse, law): the gateway answers 403. Only for staff."""
    product = _locked_by_staff(staff, product)
    reason = checked_reason(reason)
    if product.status == ProductStatus.SUSPENDED:
        raise Conflict(_("This product is suspended already."))
    product.status = ProductStatus.SUSPENDED
    product.save(update_fields=["status", "updated_at"])
    _record_by_staff(staff, product, "product.suspended", f"Suspended the product {product.name}: {reason}")
    return product


@transaction.atomic
def lift_suspension(*, staff: User, product: Product, reason: str) -> Product:
    """End a suspension: existing subscriptions go on, and its creator may publish the product again."""
    product = _locked_by_staff(staff, product)
    reason = checked_reason(reason)
    if product.status != ProductStatus.SUSPENDED:
        raise Conflict(_("This product is not suspended."))
    product.status = ProductStatus.UNPUBLISHED if product.published_at else ProductStatus.DRAFT
    product.save(update_fields=["status", "updated_at"])
    summary = f"Lifted the suspension of the product {product.name}: {reason}"
    _record_by_staff(staff, product, "product.suspension_lifted", summary)
    return product


def _describe(product: Product, name: str, upstream_url: str, tagline: str, description: str) -> None:
    product.name = check_line(name, field="name", longest=80)
    product.tagline = check_line(tagline, field="tagline", shortest=0, longest=160)
    product.description = check_text(description, field="description", longest=20_000)
    product.upstream_url = _checked_url(upstream_url, "upstream_url")


def _checked_url(value: str, field: str) -> str:
    url = value.strip() if isinstance(value, str) else value
    checked = check_url(url, field=field, allow=settings.UPSTREAM_ALLOW)
    # The product Hello is answered by the portal itself; the operator says where.
    if is_own_name(urlsplit(checked).hostname or "") and checked not in settings.DEMO_BACKENDS.values():
        raise Invalid(_("This is an address of this installation. Give that of your backend."), field=field)
    return checked


def _place(product: Product, category: str | None, tags: Iterable[str] | None, version: str | None) -> None:
    """Where the product stands in the marketplace; None leaves it there."""
    if category is not None:
        product.category = Category.objects.filter(slug=category).first() if category else None
        if category and product.category is None:
            raise Invalid(_("Choose one of the categories."), field="category")
    if tags is not None:
        product.tags = check_tags(tags)
    if version is not None:
        product.version = check_line(version, field="version", shortest=0, longest=20)


def _time(product: Product, **seconds: int | None) -> None:
    """How long its backend may take; None leaves it, 0 in all is no limit."""
    for field, value in seconds.items():
        if value is None:
            continue
        lowest = 0 if field == "total_seconds" else 1
        checked = check_integer(value, field=field, lowest=lowest, highest=TIMEOUTS_MAX[field])
        setattr(product, field, checked or None)


def _restrict(
    product: Product, allowed: Sequence[str] | None, denied: Sequence[str] | None, requires_signature: bool | None
) -> None:
    """Who may call at all; None leaves it."""
    if allowed is not None:
        product.allowed_networks = check_networks(allowed, field="allowed_networks")
    if denied is not None:
        product.denied_networks = check_networks(denied, field="denied_networks")
    if requires_signature is not None:
        product.requires_signature = bool(requires_signature)


def _locked_by_staff(staff: User, product: Product) -> Product:
    require_staff(staff, "products.change_product")
    return first_or_not_found(
        Product.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization")
        .filter(pk=product.pk)
    )


def _record_by_staff(staff: User, product: Product, action: str, summary: str) -> None:
    record_event(
        organization=product.organization, actor=staff, action=action, target=product.public_id, summary=summary
    )
    announce_product(product)


def _check_status(status: Any) -> int:
    """Raises `Invalid`."""
    if status == SWITCHING_PROTOCOLS:  # a WebSocket
        return int(SWITCHING_PROTOCOLS)
    return check_integer(status, field="statuses", lowest=200, highest=599)
