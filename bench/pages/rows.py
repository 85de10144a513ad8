"""Everything but the calls: people, organizations, products, plans, subscriptions, keys, invoices, audit events."""

import datetime as dt

from django.db import connection
from django.utils import timezone

from apps.accounts.models import AccessToken, AuditEvent, Membership, Organization, User
from apps.billing.models import Invoice, InvoiceLine
from apps.keys.models import ApiKey
from apps.notifications.models import Notice
from apps.payments.models import Payment, PaymentMethod
from apps.plans.models import Plan, Quota, RateLimit
from apps.products.models import Category, Endpoint, OpenApiImport, Product, Tier
from apps.subscriptions.models import Subscription
from apps.usage.models import QuotaPeriod
from bench.multiply import instant, multiply, public_id
from bench.pages.traffic import Bases

# Organization 1 is a large creator, 2 a large consumer; product 1 is a large product.
CREATOR, CONSUMER = 1, 2
SIZES = {
    "organizations": 20_000,
    "products": 10_000,
    "creators_products": 300,
    "endpoints": 6,  # of each product
    "large_endpoints": 200,  # more of product 1
    "subscriptions": 20_000,
    "large_product": 2_000,  # subscriptions 1 to this are to product 1; the first is the large consumer's
    "large_consumer": 300,  # so many more are the large consumer's, each to another product
    "keys": 50_000,
    "large_keys": 40,  # of subscription 1
    "invoices": 100_000,
    "large_invoices": 2_000,  # the large consumer's
    "audit_events": 1_000_000,
    "cards": 5,  # of the large consumer
    "tokens": 40,  # of the large creator, and of the large consumer
    "imports": 60,  # of product 1
    "notices": 100_000,
    "rejections": 200_000,
    "events": 5_000_000,
}
WORDS = (
    "weather maps payments translate images search mail news sports stocks music video identity address currency "
    "tax shipping fraud speech vision text geocoding calendar documents signatures energy traffic flights hotels"
).split()


def product_slug(number: int) -> str:
    return f"api-{number}"


def organization_slug(number: int) -> str:
    return f"company-{number}"


def email(number: int) -> str:
    return f"person{number}@bench.example"


def add_people_and_catalogue() -> Bases:
    """People, organizations, products, plans; and one template row of everything, from which the others are made."""
    size = SIZES
    person = User.objects.create_user("sample@bench.example")
    organization = Organization.objects.create(name="Template", slug="template")
    people = multiply(
        person, size["organizations"], email="'person' || n || '@bench.example'", name="'Person ' || n",
        public_id=public_id("user"), created_at=instant(400, size["organizations"]),
    )  # fmt: skip
    organizations = multiply(
        organization, size["organizations"], name="'Company ' || n", slug="'company-' || n",
        public_id=public_id("org"), created_at=instant(400, size["organizations"]),
    )  # fmt: skip
    membership = Membership.objects.create(user=person, organization=organization, role="owner")
    multiply(membership, size["organizations"], user_id=f"{people} + n", organization_id=f"{organizations} + n")

    product = Product.objects.create(
        organization=organization, slug="template", name="Template", upstream_url="https://backend.example.com",
        description="Answers in milliseconds.\n\n" * 40,
    )  # fmt: skip
    words = "(ARRAY[{}])".format(", ".join(f"'{word}'" for word in WORDS))
    categories = list(Category.objects.order_by("pk").values_list("pk", flat=True))
    products = multiply(
        product, size["products"], slug="'api-' || n", public_id=public_id("prod"), status="'published'",
        name=f"initcap({words}[1 + n % {len(WORDS)}]) || ' API ' || n",
        tagline=f"'Data on ' || {words}[1 + n % {len(WORDS)}] || ' and ' || {words}[1 + (n / 7) % {len(WORDS)}]",
        tags=f"ARRAY[{words}[1 + n % {len(WORDS)}]]::varchar(30)[]",
        category_id=f"(ARRAY{categories})[1 + n % {len(categories)}]" if categories else "NULL",
        organization_id=f"{organizations} + CASE WHEN n <= {size['creators_products']} THEN 1 ELSE 2 + n % 3000 END",
        published_at=instant(400, size["products"]), created_at=instant(400, size["products"]),
    )  # fmt: skip
    tier = Tier.objects.create(product=product, slug="free", name="Free", rank=0)
    tiers = multiply(tier, size["products"], product_id=f"{products} + n")
    endpoint = Endpoint.objects.create(
        product=product, tier=tier, method="GET", path="/template", upstream_path="/template", pattern="/template",
        operation={"summary": "Reads things", "parameters": [{"name": "q", "in": "query", "schema": {}}]},
    )  # fmt: skip
    per = size["endpoints"]
    of_all, of_one = f"'/resource-' || (n % {per})", "'/large-' || n"
    endpoints = multiply(
        endpoint, size["products"] * per, path=of_all, upstream_path=of_all, pattern=of_all, public_id=public_id("ep"),
        product_id=f"{products} + 1 + (n - 1) / {per}", tier_id=f"{tiers} + 1 + (n - 1) / {per}",
    )  # fmt: skip
    multiply(
        endpoint, size["large_endpoints"], path=of_one, upstream_path=of_one, pattern=of_one,
        public_id=public_id("ep_l"), product_id=f"{products} + 1", tier_id=f"{tiers} + 1",
    )  # fmt: skip
    document = {"openapi": "3.1.0", "info": {"title": "Large"}, "paths": _paths(size["large_endpoints"])}
    imported = OpenApiImport.objects.create(
        product=product, source="paste", dialect="3.1", title="Large", version="2", document=document
    )
    multiply(imported, size["imports"], public_id=public_id("imp"), product_id=f"{products} + 1")
    now = timezone.now()
    plan = Plan.objects.create(product=product, tier=tier, slug="free", name="Free", published_at=now)
    for offset, amount, slug in ((0, 0, "free"), (1, 900, "pro")):
        plans = multiply(
            plan, size["products"], product_id=f"{products} + n", tier_id=f"{tiers} + n", slug=f"'{slug}'",
            name=f"'{slug.title()}'", price_amount=str(amount), public_id=public_id(f"plan_{offset}"),
        )  # fmt: skip
        quota = Quota.objects.create(
            plan=plan, name=f"monthly{offset}", included_units=100_000, period=("month", "day")[offset]
        )
        multiply(quota, size["products"], plan_id=f"{plans} + n", name="'monthly'", period="'month'")
        limit = RateLimit.objects.create(plan=plan, name="x", max_calls=60, window=("minute", "hour")[offset])
        multiply(limit, size["products"], plan_id=f"{plans} + n", name="'per-minute'")
    return Bases(product=products, endpoint=endpoints)


def add_sales(bases: Bases) -> None:
    """Subscriptions, keys, quota periods, invoices, payments, notices and audit events; completes `bases`."""
    size = SIZES
    organization = Organization.objects.get(slug="template")
    person = User.objects.get(email="sample@bench.example")
    product, plan = Product.objects.get(slug="template"), Plan.objects.get(product__slug="template")
    organizations = Organization.objects.get(slug=organization_slug(1)).pk - 1
    people = User.objects.get(email=email(1)).pk - 1
    plans = Plan.objects.get(product__slug=product_slug(1), slug="free").pk - 1
    now = timezone.now()
    large, more = size["large_product"], size["large_consumer"]
    subscription = Subscription.objects.create(
        organization=organization, product=product, plan=plan, status="active", started_at=now, anchored_at=now,
        current_period_start=now - dt.timedelta(days=5), current_period_end=now + dt.timedelta(days=25),
    )  # fmt: skip
    # The numbers of its product and organization.
    sold = f"CASE WHEN n <= {large} THEN 1 WHEN n <= {large + more} THEN n - {large} + 1 ELSE {more + 2} + n % 9000 END"
    bought = f"CASE WHEN n <= {large} THEN n + 1 WHEN n <= {large + more} THEN 2 ELSE n - {more} + 1 END"
    base = multiply(
        subscription, size["subscriptions"], public_id=public_id("sub"), organization_id=f"{organizations} + {bought}",
        product_id=f"{bases.product} + {sold}", plan_id=f"{plans} + {sold}", started_at=instant(300, 20_000),
        anchored_at=instant(300, 20_000), created_at=instant(300, 20_000),
    )  # fmt: skip
    bases.subscription = base
    key = ApiKey.objects.create(subscription=subscription, name="x", prefix="af_live_xxxx", last4="xxxx", digest=b"x")
    keys = multiply(
        key, size["keys"], public_id=public_id("key"), name="'key ' || n", digest="sha256(n::text::bytea)",
        prefix="'af_live_' || lpad(to_hex(n), 4, '0')", last4="right(lpad(n::text, 4, '0'), 4)",
        subscription_id=f"{base} + CASE WHEN n <= {size['large_keys']} THEN 1 ELSE 1 + n % {size['subscriptions']} END",
        created_at=instant(300, size["keys"]),
    )  # fmt: skip
    bases.key = keys
    quota = Quota.objects.filter(plan=plan).order_by("pk")[0]
    period = QuotaPeriod.objects.create(
        subscription=subscription, quota=quota, quota_epoch=0, starts_at=now, ends_at=now + dt.timedelta(days=30),
        included_units=1, used_units=1,
    )  # fmt: skip
    multiply(period, size["subscriptions"], subscription_id=f"{base} + n")
    _add_money(subscription, organizations, base)
    token = AccessToken.objects.create(
        user=person, organization=organization, name="x", scopes=["usage:read"], prefix="af_pat_xxxx", last4="xxxx",
        digest=b"x",
    )  # fmt: skip
    for number in (CREATOR, CONSUMER):
        multiply(
            token, size["tokens"], public_id=public_id(f"pat_{number}"), user_id=f"{people} + {number}",
            organization_id=f"{organizations} + {number}", digest=f"sha256(('{number}/' || n)::bytea)",
            created_at=instant(300, size["tokens"]),
        )  # fmt: skip
    notice = Notice.objects.create(user=person, organization=organization, kind="x.done", title="Done", created_at=now)
    multiply(
        notice, size["notices"], public_id=public_id("ntc"), created_at=instant(300, size["notices"]),
        user_id=f"{people} + CASE WHEN n % 50 = 0 THEN 2 ELSE 1 + n % {size['organizations']} END", emailed_at="now()",
    )  # fmt: skip
    event = AuditEvent.objects.create(
        organization=organization, actor=person, action="key.created", summary="Created a key", occurred_at=now
    )
    multiply(
        event, size["audit_events"], occurred_at=instant(300, size["audit_events"]), target=public_id("key"),
        organization_id=f"{organizations} + CASE WHEN n % 20 = 0 THEN 1 ELSE 1 + n % {size['organizations']} END",
        actor_id=f"{people} + 1 + n % {size['organizations']}",
    )  # fmt: skip


def _paths(number: int) -> dict[str, object]:
    """Of an OpenAPI document: most are of endpoints that are there, with another summary, some are new."""
    return {
        f"/large-{position}": {"get": {"summary": "Reads other things", "responses": {"200": {"description": "Read"}}}}
        for position in range(number // 10, number + number // 10)
    }


def _add_money(subscription: Subscription, organizations: int, base: int) -> None:
    """Paid invoices with a line and a payment each. The triggers that keep issued ones as they are sleep meanwhile."""
    size, now = SIZES, timezone.now()
    organization = subscription.organization
    period = {"period_start": now - dt.timedelta(days=30), "period_end": now}
    invoice = Invoice.objects.create(
        issuer="bench", reason="renewal", organization=organization, subscription=subscription,
        product=subscription.product, currency="USD", subtotal_amount=900, total_amount=900, **period,
    )  # fmt: skip
    line = InvoiceLine.objects.create(
        invoice=invoice, kind="plan", description="Pro", unit_amount=900, amount=900, plan=subscription.plan, **period
    )
    method = PaymentMethod.objects.create(
        organization=organization, provider="sandbox", token="x", brand="visa", last4="4242", exp_month=1, exp_year=2099
    )
    multiply(method, size["cards"], public_id=public_id("pm"), organization_id=f"{organizations} + {CONSUMER}")
    payment = Payment.objects.create(
        organization=organization, provider="sandbox", method=method, amount=900, currency="USD", status="succeeded",
        settled_at=now, reference="x", idempotency_key="x",
    )  # fmt: skip
    count = size["invoices"]
    owner = f"{organizations} + CASE WHEN n <= {size['large_invoices']} THEN 2 ELSE 1 + n % {size['organizations']} END"
    at = instant(300, count)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL session_replication_role = replica")
    invoices = multiply(
        invoice, count, public_id=public_id("inv"), number="'INV-2026-' || lpad(n::text, 6, '0')", status="'paid'",
        organization_id=owner, subscription_id=f"{base} + 1 + n % {size['subscriptions']}", issued_at=at, due_at=at,
        paid_at=at, created_at=at, period_start=f"{at} - interval '30 days'", period_end=at,
    )  # fmt: skip
    multiply(line, count, invoice_id=f"{invoices} + n")
    multiply(
        payment, count, public_id=public_id("pay"), reference=public_id("inv"), idempotency_key="'key-' || n",
        organization_id=owner, created_at=at, settled_at=at,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = origin")
