"""The installation on the evening before: paid subscriptions whose month has just ended, with usage and cards."""

import datetime as dt

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import Organization
from apps.keys.models import ApiKey
from apps.payments.models import PaymentMethod
from apps.plans.models import Plan, Quota
from apps.products.models import Product, Tier
from apps.subscriptions.models import Subscription
from apps.usage.counters.types import SHARDS
from apps.usage.models import StreamPosition, SubscriptionDay
from bench.multiply import multiply, public_id

PRODUCTS = 20
PRICE = 1900
INCLUDED = 1_000
# A third of the subscriptions stays within the included units, the others go over them.
USAGE_DAYS = 26
UNITS_A_DAY = "20 + n % 3 * 20"


def build(size: int) -> None:
    """Begin with an empty database."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        _add_rows(size)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _add_rows(size: int) -> None:
    now = timezone.now()
    # A day that every month has.
    end = now.replace(day=min(now.day, 28), minute=0, second=0, microsecond=0)
    last_month = end.replace(day=1) - dt.timedelta(days=1)
    start = last_month.replace(day=end.day)
    organization = Organization.objects.create(name="Template", slug="template")
    organizations = multiply(
        organization, size, name="'Company ' || n", slug="'company-' || n", public_id=public_id("org")
    )
    product = Product.objects.create(
        organization=organization, slug="template", name="Weather", upstream_url="https://backend.example.com",
        status="published", published_at=start,
    )  # fmt: skip
    products = multiply(product, PRODUCTS, slug="'api-' || n", public_id=public_id("prod"))
    tier = Tier.objects.create(product=product, slug="pro", name="Pro", rank=0)
    tiers = multiply(tier, PRODUCTS, product_id=f"{products} + n")
    plan = Plan.objects.create(
        product=product, tier=tier, slug="pro", name="Pro", price_amount=PRICE, published_at=start
    )
    plans = multiply(plan, PRODUCTS, product_id=f"{products} + n", tier_id=f"{tiers} + n", public_id=public_id("plan"))
    quota = Quota.objects.create(
        plan=plan, name="monthly", included_units=INCLUDED, period="month", overage="per_unit", overage_unit_amount=2,
        overage_max_units=100_000,
    )  # fmt: skip
    multiply(quota, PRODUCTS, plan_id=f"{plans} + n")
    method = PaymentMethod.objects.create(
        organization=organization, provider="sandbox", token="sbx:succeeds:visa:4242:2090-12:x", brand="visa",
        last4="4242", exp_month=12, exp_year=2090, is_default=True,
    )  # fmt: skip
    multiply(method, size, public_id=public_id("pm"), organization_id=f"{organizations} + n")
    subscription = Subscription.objects.create(
        organization=organization, product=product, plan=plan, status="canceled", canceled_at=start,
        started_at=start, anchored_at=start, current_period_start=start, current_period_end=end, overage_allowed=True,
    )  # fmt: skip
    subscriptions = multiply(
        subscription, size, public_id=public_id("sub"), status="'active'", canceled_at="NULL",
        organization_id=f"{organizations} + n", product_id=f"{products} + 1 + n % {PRODUCTS}",
        plan_id=f"{plans} + 1 + n % {PRODUCTS}",
    )  # fmt: skip
    key = ApiKey.objects.create(subscription=subscription, name="x", prefix="af_live_xxxx", last4="xxxx", digest=b"x")
    keys = multiply(
        key, size, public_id=public_id("key"), digest="sha256(n::text::bytea)", subscription_id=f"{subscriptions} + n"
    )
    first_day = (start + dt.timedelta(days=1)).replace(hour=0)
    for number in range(USAGE_DAYS):
        day = SubscriptionDay.objects.create(
            day=first_day + dt.timedelta(days=number), subscription_id=subscription.pk, product_id=product.pk,
            api_key_id=key.pk, quota_epoch=0, calls=1, units=1, client_errors=0, server_errors=0, request_bytes=0,
            response_bytes=0, latency_counts=[],
        )  # fmt: skip
        multiply(
            day, size, subscription_id=f"{subscriptions} + n", api_key_id=f"{keys} + n", units=UNITS_A_DAY,
            product_id=f"{products} + 1 + n % {PRODUCTS}",
        )  # fmt: skip
    StreamPosition.objects.bulk_create(StreamPosition(shard=shard, complete_until=now) for shard in range(SHARDS))
