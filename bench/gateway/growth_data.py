"""Products with few and many endpoints, one with very many subscriptions, and one for bodies and streams."""

from django.db import connection, transaction

from apps.accounts.models import Organization
from apps.products.models import Endpoint, Product
from bench.gateway.build import ROUTES, add_keys, add_product
from bench.multiply import multiply, public_id

FEW, MANY = 10, 10_000
BODY_ROUTES = [("GET", "/v1/bytes/{size}"), ("POST", "/v1/sink"), ("GET", "/v1/events"), *ROUTES]


def endpoints_slug(count: int) -> str:
    return f"endpoints-{count}"


def endpoint_path(number: int) -> str:
    """A path that matches this endpoint, 1 the first; its template has a parameter in the middle."""
    return f"/v1/group-{number % 100}/things-{number}/42/items"


def build_growth(keys: int, upstream_url: str, bodies_url: str) -> None:
    """Make what is not there yet, without the many keys where `keys` is 0; the backends are these in any case."""
    organization = Organization.objects.get(slug="creator")
    for count in (FEW, MANY):
        if _is_new(endpoints_slug(count)):
            with transaction.atomic():
                _add_endpoints(organization, count)
    if keys and _is_new(_keys_slug(keys)):
        with transaction.atomic():
            add_keys(add_product(organization, _keys_slug(keys), ROUTES), "many", keys)
    if _is_new("bodies"):
        with transaction.atomic():
            add_keys(add_product(organization, "bodies", BODY_ROUTES), "bodies", 1)
    Product.objects.update(upstream_url=upstream_url)
    Product.objects.filter(slug="bodies").update(upstream_url=bodies_url)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _is_new(slug: str) -> bool:
    return not Product.objects.filter(slug=slug).exists()


def _keys_slug(count: int) -> str:
    return f"keys-{count}"


def _add_endpoints(organization: Organization, count: int) -> None:
    product = add_product(organization, endpoints_slug(count), [("GET", "/v1/first")])
    add_keys(product, "one", 1)
    path, pattern = (f"'/v1/group-' || n % 100 || '/things-' || n || '/{part}/items'" for part in ("{id}", "{}"))
    multiply(
        Endpoint.objects.get(product=product), count, public_id=public_id(f"ep_{count}"), path=path,
        upstream_path=path, pattern=pattern,
    )  # fmt: skip
