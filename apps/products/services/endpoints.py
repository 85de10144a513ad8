import datetime as dt
import json
from collections.abc import Collection, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Func, IntegerField, Sum, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.errors import Conflict, Invalid
from apps.core.json_values import fault_in
from apps.core.networks import check_networks
from apps.core.rows import first_or_not_found
from apps.core.values import check_integer, check_line
from apps.products.enums import Method
from apps.products.models import Endpoint, Product, Tier
from apps.products.openapi.limits import OPERATION_BYTES_MAX, OPERATION_DEPTH_MAX, PRODUCT_BYTES_MAX
from apps.products.paths import check_upstream_path, parse_route
from apps.products.services.writing import current_tier, lock_product, record_change

ENDPOINTS_MAX = 10_000
WEIGHT_MAX = 1_000_000
MAX_UNITS_MAX = 1_000_000_000
NOTE_MAX = 500
EARLIEST_YEAR = 1990
_MARKS = ["deprecated_at", "sunset_at", "deprecation_note"]


@transaction.atomic
def add_endpoint(
    *,
    actor: Actor,
    product: Product,
    method: str,
    path: str,
    tier: Tier,
    upstream_path: str = "",
    weight: int = 1,
    max_units: int | None = None,
    operation: dict[str, Any] | None = None,
    allowed_networks: Sequence[str] = (),
    denied_networks: Sequence[str] = (),
) -> Endpoint:
    """A route of the product. `upstream_path` is `path` when empty; `operation` an OpenAPI Operation Object.

    `max_units` is what a call can cost where the backend reports units (`Product.units_header`); None: the weight.

    Raises `Invalid` with the field that is wrong, `Conflict` for a route that exists.
    """
    actor.require(Action.PRODUCTS_EDIT)
    product = lock_product(actor, product)
    if product.endpoints.current().count() >= ENDPOINTS_MAX:
        raise Conflict(_("A product has %(most)s endpoints at most.") % {"most": f"{ENDPOINTS_MAX:,}"})
    endpoint = Endpoint(product=product)
    _fill(endpoint, method, path, tier, upstream_path, weight, max_units, operation)
    _restrict(endpoint, allowed_networks, denied_networks)
    _save(endpoint)
    if operation:
        check_documentation(product)
    _record(actor, endpoint, "endpoint.added", f"Added {endpoint} to {product.name}")
    return endpoint


@transaction.atomic
def update_endpoint(
    *,
    actor: Actor,
    endpoint: Endpoint,
    method: str,
    path: str,
    tier: Tier,
    upstream_path: str = "",
    weight: int = 1,
    max_units: int | None = None,
    operation: dict[str, Any] | None = None,
    allowed_networks: Sequence[str] | None = None,
    denied_networks: Sequence[str] | None = None,
) -> Endpoint:
    """Change a route; live in the gateway within seconds. Raises as `add_endpoint` does.

    An `operation` of None keeps the documentation, networks of None keep those; all else is what it is from now on.
    """
    actor.require(Action.PRODUCTS_EDIT)
    endpoint = _locked(actor, endpoint)
    _fill(endpoint, method, path, tier, upstream_path, weight, max_units, operation)
    _restrict(endpoint, allowed_networks, denied_networks)
    _save(endpoint)
    if operation is not None:
        check_documentation(endpoint.product)
    _record(actor, endpoint, "endpoint.changed", f"Changed {endpoint} of {endpoint.product.name}")
    return endpoint


@transaction.atomic
def move_endpoints(*, actor: Actor, product: Product, endpoints: Collection[str], tier: Tier) -> int:
    """Have these routes (public ids, at most `ENDPOINTS_MAX`) require another tier. Returns how many did not yet.

    Raises `Invalid` when the tier is not the product's, or when one of the routes is not (any more): then none moves.
    """
    actor.require(Action.PRODUCTS_EDIT)
    product = lock_product(actor, product)
    tier = current_tier(product, tier)
    wanted = set(endpoints)
    if not wanted or len(wanted) > ENDPOINTS_MAX:
        raise Invalid(_("Choose at least one endpoint."), field="endpoints")
    found = product.endpoints.current().filter(public_id__in=wanted)
    if found.count() != len(wanted):
        raise Invalid(_("One of the endpoints does not exist any more. Look at the list again."), field="endpoints")
    moved = found.exclude(tier=tier).update(tier=tier)
    if moved:
        summary = f"Moved {moved} endpoint{'' if moved == 1 else 's'} of {product.name} to the tier {tier.name}"
        record_change(actor, product, "endpoint.moved", summary)
    return moved


@transaction.atomic
def deprecate_endpoint(
    *,
    actor: Actor,
    endpoint: Endpoint,
    deprecated_at: dt.datetime | None = None,
    sunset_at: dt.datetime | None = None,
    note: str = "",
) -> Endpoint:
    """Tell callers, in headers of every answer of the backend, that a route will go away, and when. It works as before.

    `deprecated_at` is since when it should not be built on (now, where it is not marked yet), and may lie ahead.
    Once more changes dates and note. Raises `Invalid` for a sunset that is not in the future, or before the former.
    """
    actor.require(Action.PRODUCTS_EDIT)
    endpoint = _locked(actor, endpoint)
    now = clock.now()
    since = deprecated_at or endpoint.deprecated_at or now
    if since.tzinfo is None or since.year < EARLIEST_YEAR:
        raise Invalid(_("This date cannot be."), field="deprecated_at")
    if sunset_at is not None and (sunset_at.tzinfo is None or sunset_at <= now):
        raise Invalid(_("An endpoint is switched off at a time in the future."), field="sunset_at")
    if sunset_at is not None and sunset_at < since:
        raise Invalid(_("An endpoint is not switched off before it is deprecated."), field="sunset_at")
    endpoint.deprecated_at, endpoint.sunset_at = since, sunset_at
    endpoint.deprecation_note = check_line(note, field="note", shortest=0, longest=NOTE_MAX)
    endpoint.save(update_fields=_MARKS)
    _record(actor, endpoint, "endpoint.deprecated", f"Marked {endpoint} of {endpoint.product.name} as deprecated")
    return endpoint


@transaction.atomic
def undeprecate_endpoint(*, actor: Actor, endpoint: Endpoint) -> Endpoint:
    """Take the mark of `deprecate_endpoint` away."""
    actor.require(Action.PRODUCTS_EDIT)
    endpoint = _locked(actor, endpoint)
    endpoint.deprecated_at, endpoint.sunset_at, endpoint.deprecation_note = None, None, ""
    endpoint.save(update_fields=_MARKS)
    _record(actor, endpoint, "endpoint.undeprecated", f"{endpoint} of {endpoint.product.name} is to stay")
    return endpoint


@transaction.atomic
def remove_endpoint(*, actor: Actor, endpoint: Endpoint) -> None:
    """Take a route away: the gateway answers 404. Its usage stays."""
    actor.require(Action.PRODUCTS_EDIT)
    endpoint = _locked(actor, endpoint)
    endpoint.removed_at = clock.now()
    endpoint.save(update_fields=["removed_at"])
    _record(actor, endpoint, "endpoint.removed", f"Removed {endpoint} from {endpoint.product.name}")


def check_documentation(product: Product) -> None:
    """Raises `Invalid` where the operations of a locked product are together larger than its document may be."""
    text = Cast("operation", TextField())
    size = product.endpoints.current().aggregate(
        size=Sum(Func(text, function="octet_length", output_field=IntegerField()))
    )["size"]
    if size is not None and size > PRODUCT_BYTES_MAX:
        raise Invalid(_("The documentation of all endpoints together is larger than 8 MB."), field="operation")


def _fill(
    endpoint: Endpoint,
    method: str,
    path: str,
    tier: Tier,
    upstream_path: str,
    weight: int,
    max_units: int | None,
    operation: dict[str, Any] | None,
) -> None:
    if method not in Method.values:
        raise Invalid(_("Choose one of the methods."), field="method")
    template = parse_route(_stripped(path))
    upstream = check_upstream_path(_stripped(upstream_path) or template.text, template)
    endpoint.method = method
    endpoint.tier = current_tier(endpoint.product, tier)
    endpoint.path = template.text
    endpoint.pattern = template.pattern
    endpoint.upstream_path = upstream.text
    endpoint.weight = check_integer(weight, field="weight", lowest=0, highest=WEIGHT_MAX)
    if max_units is not None:
        check_integer(max_units, field="max_units", lowest=endpoint.weight, highest=MAX_UNITS_MAX)
    endpoint.max_units = max_units
    if operation is not None:
        endpoint.operation = _checked_operation(operation)


def _restrict(endpoint: Endpoint, allowed: Sequence[str] | None, denied: Sequence[str] | None) -> None:
    """Where calls of it may come from; None leaves it."""
    if allowed is not None:
        endpoint.allowed_networks = check_networks(allowed, field="allowed_networks")
    if denied is not None:
        endpoint.denied_networks = check_networks(denied, field="denied_networks")


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _checked_operation(operation: dict[str, Any]) -> dict[str, Any]:
    """Small enough, shallow enough and storable; what it means is the business of the documentation."""
    if not isinstance(operation, dict):
        raise Invalid(_("An OpenAPI operation is a JSON object."), field="operation")
    if fault := fault_in(operation, deepest=OPERATION_DEPTH_MAX, most_values=OPERATION_BYTES_MAX):
        raise Invalid(_("The OpenAPI operation cannot be stored. %(fault)s") % {"fault": fault}, field="operation")
    try:
        size = len(json.dumps(operation, ensure_ascii=False).encode())
    except ValueError:  # a number of more digits than Python writes
        size = OPERATION_BYTES_MAX + 1
    if size > OPERATION_BYTES_MAX:
        raise Invalid(_("The OpenAPI operation is larger than 256 KB."), field="operation")
    return operation


def _locked(actor: Actor, endpoint: Endpoint) -> Endpoint:
    """The endpoint as it is now, its product locked. Raises `NotFound` for a removed one, too."""
    product = lock_product(actor, endpoint.product)
    return first_or_not_found(product.endpoints.current().select_related("product", "tier").filter(pk=endpoint.pk))


def _save(endpoint: Endpoint) -> None:
    try:
        with transaction.atomic():
            endpoint.save()
    except IntegrityError:
        raise Conflict(
            _("There is an endpoint %(endpoint)s (or one that matches the same paths).") % {"endpoint": endpoint},
            field="path",
        ) from None


def _record(actor: Actor, endpoint: Endpoint, action: str, summary: str) -> None:
    record_change(actor, endpoint.product, action, summary, target=endpoint.public_id)
