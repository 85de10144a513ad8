from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from apps.accounts.access import Actor
from apps.accounts.audit import record_event
from apps.accounts.models import User
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.addresses import check_url
from apps.core.changes import announce
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound
from apps.core.slugs import check_slug
from apps.products.enums import ProductStatus
from apps.products.models import Product, Tier, new_proxy_secret
from apps.products.readiness import missing_for_publication

FIRST_TIER = "Free"


@transaction.atomic
def create_product(
    *, actor: Actor, name: str, slug: str, upstream_url: str, tagline: str = "", description: str = ""
) -> Product:
    """A draft with one tier, called Free. Raises `Invalid` with the field that is wrong."""
    actor.require(Action.PRODUCTS_EDIT)
    product = Product(
        organization=actor.organization,
        name=name.strip(),
        slug=check_slug(slug),
        tagline=tagline.strip(),
        description=description.strip(),
        upstream_url=check_url(upstream_url.strip(), field="upstream_url", allow=settings.UPSTREAM_ALLOW),
    )
    _validate(product)
    try:
        with transaction.atomic():
            product.save()
    except IntegrityError:
        raise Invalid("This address is taken. Choose another one.", field="slug") from None
    Tier.objects.create(product=product, slug=FIRST_TIER.lower(), name=FIRST_TIER, rank=0)
    _record(actor, product, "product.created", f"Created the product {product.name}")
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
    timeout_seconds: int | None = None,
    rapidapi_compatible: bool | None = None,
) -> Product:
    """Change what a product says and where its backend is; the gateway follows within seconds."""
    actor.require(Action.PRODUCTS_EDIT)
    product = locked(actor, product)
    product.name = name.strip()
    product.tagline = tagline.strip()
    product.description = description.strip()
    product.upstream_url = check_url(upstream_url.strip(), field="upstream_url", allow=settings.UPSTREAM_ALLOW)
    if max_body_bytes is not None:
        product.max_body_bytes = max_body_bytes
    if timeout_seconds is not None:
        product.timeout_seconds = timeout_seconds
    if rapidapi_compatible is not None:
        product.rapidapi_compatible = rapidapi_compatible
    _validate(product)
    product.save()
    _record(actor, product, "product.updated", f"Changed the product {product.name}")
    return product


@transaction.atomic
def publish_product(*, actor: Actor, product: Product) -> Product:
    """List the product in the marketplace. Raises `Conflict` that says what is missing."""
    actor.require(Action.PRODUCTS_PUBLISH)
    product = locked(actor, product)
    if product.status == ProductStatus.SUSPENDED:
        raise NotAllowed("The platform has suspended this product. Contact its staff.")
    missing = missing_for_publication(product)
    if missing:
        raise Conflict("Before you can publish: " + " ".join(missing))
    product.status = ProductStatus.PUBLISHED
    product.published_at = product.published_at or clock.now()
    product.save(update_fields=["status", "published_at", "updated_at"])
    _record(actor, product, "product.published", f"Published the product {product.name}")
    return product


@transaction.atomic
def unpublish_product(*, actor: Actor, product: Product) -> Product:
    """Take the product off the marketplace: no new subscriptions, existing ones go on."""
    actor.require(Action.PRODUCTS_PUBLISH)
    product = locked(actor, product)
    if product.status != ProductStatus.PUBLISHED:
        raise Conflict("Only a published product can be unpublished.")
    product.status = ProductStatus.UNPUBLISHED
    product.save(update_fields=["status", "updated_at"])
    _record(actor, product, "product.unpublished", f"Unpublished the product {product.name}")
    return product


@transaction.atomic
def suspend_product(*, staff: User, product: Product, reason: str) -> Product:
    """Stop a product for everybody (abuse, law): the gateway answers 403. Only for staff."""
    if not staff.is_staff:
        raise NotAllowed
    product = Product.objects.select_for_update().get(pk=product.pk)
    product.status = ProductStatus.SUSPENDED
    product.save(update_fields=["status", "updated_at"])
    record_event(
        organization=product.organization,
        actor=staff,
        action="product.suspended",
        target=product.public_id,
        summary=f"Suspended the product {product.name}: {reason}",
    )
    announce(f"product:{product.pk}")
    return product


@transaction.atomic
def rotate_proxy_secret(*, actor: Actor, product: Product) -> str:
    """Make a new secret for the backend to check; returns it. The old one ends at once."""
    actor.require(Action.PRODUCTS_EDIT)
    product = locked(actor, product)
    product.proxy_secret = new_proxy_secret()
    product.save(update_fields=["proxy_secret", "updated_at"])
    _record(actor, product, "product.proxy_secret_rotated", f"Rotated the proxy secret of {product.name}")
    return product.proxy_secret


def locked(actor: Actor, product: Product) -> Product:
    """The product's row, locked, when it belongs to the actor's organization. Raises `NotFound`."""
    found = Product.objects.select_for_update().filter(pk=product.pk, organization=actor.organization).first()
    if found is None:
        raise NotFound
    return found


def changed(product: Product) -> None:
    """Tell the gateway that routes, tiers or limits of this product are not what they were."""
    announce(f"product:{product.pk}")


def _record(actor: Actor, product: Product, action: str, summary: str) -> None:
    record_event(
        organization=product.organization,
        actor=actor.user,
        action=action,
        target=product.public_id,
        summary=summary,
    )
    changed(product)


def _validate(product: Product) -> None:
    try:
        product.full_clean(exclude=["slug", "organization"], validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid(messages[0], field=field) from None
