import json
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.access import Actor
from apps.accounts.audit import record_event
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotFound
from apps.products.enums import Method
from apps.products.models import Endpoint, Product, Tier
from apps.products.paths import check_upstream_path, parse_template
from apps.products.services.products import changed, locked

ENDPOINTS_MAX = 10_000
WEIGHT_MAX = 1_000_000
OPERATION_BYTES_MAX = 256 * 1024
OPERATION_DEPTH_MAX = 60


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
    operation: dict[str, Any] | None = None,
) -> Endpoint:
    """A route of the product. `upstream_path` is `path` when empty; `operation` an OpenAPI Operation Object.

    Raises `Invalid` with the field that is wrong, `Conflict` for a route that exists.
    """
    actor.require(Action.PRODUCTS_EDIT)
    product = locked(actor, product)
    if product.endpoints.current().count() >= ENDPOINTS_MAX:
        raise Conflict(f"A product has {ENDPOINTS_MAX} endpoints at most.")
    endpoint = Endpoint(product=product)
    _fill(endpoint, method, path, tier, upstream_path, weight, operation)
    _save(endpoint)
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
    operation: dict[str, Any] | None = None,
) -> Endpoint:
    """Change a route; live in the gateway within seconds. Raises as `add_endpoint` does."""
    actor.require(Action.PRODUCTS_EDIT)
    locked(actor, endpoint.product)
    endpoint = _current(endpoint)
    _fill(endpoint, method, path, tier, upstream_path, weight, operation)
    _save(endpoint)
    _record(actor, endpoint, "endpoint.changed", f"Changed {endpoint} of {endpoint.product.name}")
    return endpoint


@transaction.atomic
def remove_endpoint(*, actor: Actor, endpoint: Endpoint) -> None:
    """Take a route away: the gateway answers 404. Its usage stays."""
    actor.require(Action.PRODUCTS_EDIT)
    locked(actor, endpoint.product)
    endpoint = _current(endpoint)
    endpoint.removed_at = clock.now()
    endpoint.save(update_fields=["removed_at"])
    _record(actor, endpoint, "endpoint.removed", f"Removed {endpoint} from {endpoint.product.name}")


def _fill(
    endpoint: Endpoint,
    method: str,
    path: str,
    tier: Tier,
    upstream_path: str,
    weight: int,
    operation: dict[str, Any] | None,
) -> None:
    if method not in Method.values:
        raise Invalid("Choose one of the methods.", field="method")
    if tier.product_id != endpoint.product_id:
        raise Invalid("Choose one of the product's tiers.", field="tier")
    if not 0 <= weight <= WEIGHT_MAX:
        raise Invalid(f"A call costs 0 to {WEIGHT_MAX:,} units.", field="weight")
    template = parse_template(path.strip())
    upstream = check_upstream_path(upstream_path.strip() or template.text, template)
    endpoint.method = method
    endpoint.tier = tier
    endpoint.path = template.text
    endpoint.pattern = template.pattern
    endpoint.upstream_path = upstream.text
    endpoint.weight = weight
    endpoint.operation = _checked_operation(operation or {})


def _checked_operation(operation: dict[str, Any]) -> dict[str, Any]:
    """Small enough, shallow enough and storable; what it means is the business of the documentation."""
    if not isinstance(operation, dict):
        raise Invalid("An OpenAPI operation is a JSON object.", field="operation")
    if _depth(operation) > OPERATION_DEPTH_MAX:
        raise Invalid("The OpenAPI operation is nested too deeply.", field="operation")
    try:
        text = json.dumps(operation, allow_nan=False)
    except (TypeError, ValueError):
        raise Invalid("The OpenAPI operation is not JSON.", field="operation") from None
    if len(text) > OPERATION_BYTES_MAX:
        raise Invalid("The OpenAPI operation is larger than 256 KB.", field="operation")
    if "\\u0000" in text:
        raise Invalid("The OpenAPI operation has a NUL character.", field="operation")
    return operation


def _depth(value: Any) -> int:
    """How deeply containers are nested, without recursion."""
    deepest, level = 0, [value]
    while level and deepest <= OPERATION_DEPTH_MAX:
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        level = inner
        deepest += 1
    return deepest


def _current(endpoint: Endpoint) -> Endpoint:
    found = Endpoint.objects.current().select_for_update().select_related(None).filter(pk=endpoint.pk).first()
    if found is None:
        raise NotFound
    return found


def _save(endpoint: Endpoint) -> None:
    try:
        with transaction.atomic():
            endpoint.save()
    except IntegrityError:
        raise Conflict(
            f"There is an endpoint {endpoint.method} {endpoint.path} (or one that matches the same paths).",
            field="path",
        ) from None


def _record(actor: Actor, endpoint: Endpoint, action: str, summary: str) -> None:
    record_event(
        organization=actor.organization, actor=actor.user, action=action, target=endpoint.public_id, summary=summary
    )
    changed(endpoint.product)
