"""The OpenAPI document of a product, for those who may look at it: its server is the gateway."""

import hashlib
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from apps.plans.selectors import cheapest_opening, list_plans_seen_by
from apps.products.models import Endpoint, Product
from apps.products.openapi.export import as_json, as_yaml, export_document
from apps.subscriptions.selectors import get_visible_product

_YAML_KEPT_SECONDS = 600


@require_safe
def json_file(request: HttpRequest, slug: str) -> HttpResponse:
    product = get_visible_product(user=request.user, slug=slug)
    return _file(product, as_json(_document(request, product)), "json", "application/openapi+json")


@require_safe
def yaml_file(request: HttpRequest, slug: str) -> HttpResponse:
    """Writing YAML takes ten times as long as JSON, so the text is kept for the next who asks."""
    product = get_visible_product(user=request.user, slug=slug)
    document = _document(request, product)
    key = f"openapi-yaml:{hashlib.sha256(as_json(document).encode()).hexdigest()}"
    text = cache.get_or_set(key, lambda: as_yaml(document), _YAML_KEPT_SECONDS)
    return _file(product, str(text), "yaml", "application/openapi+yaml")


def _document(request: HttpRequest, product: Product) -> dict[str, Any]:
    plans = list(list_plans_seen_by(request.user, product))

    def plan_of(endpoint: Endpoint) -> str:
        plan = cheapest_opening(plans, endpoint.tier.rank)
        return plan.name if plan else ""

    return export_document(product, plan_of=plan_of)


def _file(product: Product, text: str, ending: str, media_type: str) -> HttpResponse:
    disposition = f'attachment; filename="{product.slug}.openapi.{ending}"'
    return HttpResponse(text, content_type=media_type, headers={"Content-Disposition": disposition})
