"""The data of our own candidate: products with endpoints, plans with limits, subscriptions with keys.

The keys are derived from their number: they need not be kept between runs, and are good for nothing else.
"""

import datetime as dt
import hashlib
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import Organization
from apps.core import secrets
from apps.keys.models import ApiKey
from apps.plans.models import Plan, Quota, RateLimit
from apps.products.models import Endpoint, Product, Tier
from apps.products.paths import parse_template
from apps.subscriptions.models import Subscription
from bench.multiply import multiply

KEYS = 100
# "High": no load of the benchmark comes near.
RATE = 100_000_000
UNITS = 10**12
MAX_BODY = 2 * 2**30
ROUTES = [("GET", "/v1/current"), ("GET", "/v1/chunked"), ("GET", "/v1/big"), ("POST", "/v1/echo")]
BODY_ROUTES = [("GET", "/v1/bytes/{size}"), ("POST", "/v1/sink"), ("GET", "/v1/events")]
BATCH = 5_000


def build(upstream_url: str) -> None:
    """Make the data, unless that of an earlier run is there; no usage, and this backend, in either case."""
    call_command("migrate", verbosity=0)
    stamp = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:20]
    if not Product.objects.filter(slug="weather", version=stamp).exists():
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        call_command("migrate", verbosity=0)
        with transaction.atomic():
            organization = Organization.objects.create(name="Creator", slug="creator")
            product = add_product(organization, "weather", ROUTES)
            add_keys(product, "measured", KEYS)
            add_keys(product, "exhausted", 1, rate=1)
            Product.objects.filter(pk=product.pk).update(version=stamp)
    Product.objects.filter(slug="weather").update(upstream_url=upstream_url)
    tables = ", ".join(model._meta.db_table for model in apps.get_app_config("usage").get_models())
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables}")
        cursor.execute("VACUUM (ANALYZE)")


def add_product(
    organization: Organization, slug: str, routes: list[tuple[str, str]], upstream_url: str = ""
) -> Product:
    """A product on sale with these routes, without a plan."""
    product = Product.objects.create(
        organization=organization, slug=slug, name=slug.capitalize(), status="published", published_at=timezone.now(),
        upstream_url=upstream_url or "https://backend.example.com", max_body_bytes=MAX_BODY,
    )  # fmt: skip
    tier = Tier.objects.create(product=product, slug="pro", name="Pro", rank=10)
    Endpoint.objects.bulk_create(
        Endpoint(
            product=product,
            tier=tier,
            method=method,
            path=path,
            upstream_path=path,
            pattern=parse_template(path).pattern,
        )
        for method, path in routes
    )
    return product


def add_keys(product: Product, name: str, count: int, *, rate: int = RATE) -> None:
    """A plan with a rate limit and a hard quota, and so many subscriptions to it, each of another organization."""
    tier = product.tiers.get()
    now = timezone.now()
    plan = Plan.objects.create(product=product, tier=tier, slug=name, name=name.capitalize(), published_at=now)
    RateLimit.objects.create(plan=plan, name="per-hour", max_calls=rate, window="hour")
    Quota.objects.create(plan=plan, name="monthly", included_units=UNITS, period="month")
    organization = Organization.objects.create(name="Consumer", slug=f"{product.slug}-{name}")
    organizations = multiply(
        organization, count, slug=f"'{product.slug}-{name}-' || n", public_id=_public_id("org", product, name)
    )
    subscription = Subscription.objects.create(
        organization=organization, product=product, plan=plan, status="active", started_at=now, anchored_at=now,
        current_period_start=now, current_period_end=now + dt.timedelta(days=30),
    )  # fmt: skip
    subscriptions = multiply(
        subscription, count, organization_id=f"{organizations} + n", public_id=_public_id("sub", product, name)
    )
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        made = [_secret(product.slug, name, number) for number in numbers]
        ApiKey.objects.bulk_create(
            ApiKey(
                subscription_id=subscriptions + 1 + number, name="bench", prefix=key.prefix, last4=key.last4,
                digest=key.digest,
            )
            for number, key in zip(numbers, made, strict=True)
        )  # fmt: skip


def keys(product: str, name: str, count: int) -> tuple[str, ...]:
    """The keys that `add_keys` made."""
    return tuple(_secret(product, name, number).secret for number in range(count))


def _secret(product: str, name: str, number: int) -> secrets.NewSecret:
    return secrets.derive("af_live_", key="bench.gateway", message=f"{product}/{name}/{number}")


def _public_id(prefix: str, product: Product, name: str) -> str:
    """SQL of a public id; those of different calls differ."""
    digest = hashlib.sha256(f"{product.slug}/{name}".encode()).hexdigest()[:8]
    return f"'{prefix}_{digest}' || lpad(n::text, 14, '0')"
