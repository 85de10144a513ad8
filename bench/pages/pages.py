"""Which pages are measured, and as whom: the lists and summaries of the largest creator and consumer there are."""

from dataclasses import dataclass, field
from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.urls import reverse

from apps.accounts.models import User
from apps.keys.models import ApiKey
from apps.products.models import Category, Endpoint, Product
from apps.subscriptions.models import Subscription
from apps.usage.models import UsageEvent
from bench.pages.rows import CONSUMER, CREATOR, email, organization_slug, product_slug


@dataclass(frozen=True)
class Page:
    name: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)


def list_pages() -> list[Page]:
    return [*_marketplace(), *_studio(), *_console(), *_rest(), *_admin()]


def _page(name: str, view: str, query: str = "", headers: dict[str, str] | None = None, **ids: str) -> Page:
    return Page(name, reverse(view, kwargs=ids) + (f"?{query}" if query else ""), headers or {})


def _marketplace() -> list[Page]:
    product = {"slug": product_slug(1)}
    endpoint = _first_endpoint()
    return [
        _page("marketplace: list", "portal:product-list"),
        _page("marketplace: page 5", "portal:product-list", "page=5"),
        _page("marketplace: search, frequent word", "portal:product-list", "q=weather"),
        _page("marketplace: search, two words", "portal:product-list", "q=currency+tax"),
        _page("marketplace: search, no match", "portal:product-list", "q=nonexistent"),
        _page("marketplace: category", "portal:product-list", f"category={_category()}"),
        _page("marketplace: product", "portal:product", **product),
        _page("marketplace: endpoint", "portal:product-endpoint", **product, endpoint_id=endpoint),
    ]


def _studio() -> list[Page]:
    headers = _signed_in(CREATOR)
    creator = {"organization": organization_slug(CREATOR)}
    product = creator | {"slug": product_slug(1)}
    consumer = product | {"subscription_id": _large_subscription().public_id}
    endpoint = _first_endpoint()
    return [
        _page("studio: products", "portal:studio", headers=headers, **creator),
        _page("studio: product", "portal:studio-product", headers=headers, **product),
        _page("studio: endpoints", "portal:studio-endpoints", headers=headers, **product),
        _page("studio: plans", "portal:studio-plans", headers=headers, **product),
        _page("studio: consumers", "portal:studio-consumers", headers=headers, **product),
        _page("studio: consumers, search", "portal:studio-consumers", "q=company", headers, **product),
        _page("studio: consumer", "portal:studio-consumer", headers=headers, **consumer),
        _page("studio: usage, 24 hours", "portal:studio-usage", "range=24h", headers, **product),
        _page("studio: usage, 30 days", "portal:studio-usage", "range=30d", headers, **product),
        _page("studio: usage, 90 days", "portal:studio-usage", "range=90d", headers, **product),
        _page(
            "studio: usage of an endpoint", "portal:studio-usage", f"range=90d&endpoint={endpoint}", headers, **product
        ),
        _page("studio: usage as CSV", "portal:studio-usage-csv", "range=90d", headers, **product),
        _page("studio: imports", "portal:studio-imports", headers=headers, **product),
        _page("studio: import", "portal:studio-import", headers=headers, import_id=f"imp_{1:022}", **product),
        _page("studio: requests", "portal:studio-requests", "range=30d", headers, **product),
        _page("studio: requests, errors", "portal:studio-requests", "range=90d&outcome=errors", headers, **product),
        _page("studio: requests, refused", "portal:studio-requests", "outcome=rejected", headers, **product),
        _page("team: members", "portal:members", headers=headers, **creator),
        _page("team: audit", "portal:audit", headers=headers, **creator),
        _page("team: access tokens", "portal:tokens", headers=headers, **creator),
    ]


def _console() -> list[Page]:
    headers = _signed_in(CONSUMER)
    consumer = {"organization": organization_slug(CONSUMER)}
    subscription = consumer | {"subscription_id": _large_subscription().public_id}
    key = ApiKey.objects.filter(subscription=_large_subscription())[0].public_id
    call = UsageEvent.objects.filter(subscription=_large_subscription()).order_by("-occurred_at")[0]
    return [
        _page("console: dashboard", "portal:dashboard", headers=headers, **consumer),
        _page("console: subscriptions", "portal:subscriptions", headers=headers, **consumer),
        _page("console: usage, 24 hours", "portal:subscription", "range=24h", headers, **subscription),
        _page("console: usage, 30 days", "portal:subscription", "range=30d", headers, **subscription),
        _page("console: usage, 90 days", "portal:subscription", "range=90d", headers, **subscription),
        _page("console: usage as CSV", "portal:subscription-usage-csv", "range=90d", headers, **subscription),
        _page("console: keys", "portal:subscription-keys", headers=headers, **subscription),
        _page("console: requests of all", "portal:requests", "range=30d", headers, **consumer),
        _page("console: requests", "portal:subscription-requests", "range=90d", headers, **subscription),
        _page("console: errors", "portal:subscription-requests", "range=90d&outcome=errors", headers, **subscription),
        _page("console: request", "portal:request", headers=headers, **consumer, request_id=call.request_id),
        _page("console: change of plan", "portal:plan-change", headers=headers, **subscription),
        _page("console: key", "portal:key", headers=headers, key_id=key, **subscription),
        _page("billing: invoices", "portal:invoices", headers=headers, **consumer),
        _page("billing: invoices, page 5", "portal:invoices", "page=5", headers, **consumer),
        _page("billing: invoice", "portal:invoice", headers=headers, invoice_id=f"inv_{1:022}", **consumer),
        _page("billing: cards", "portal:cards", headers=headers, **consumer),
        _page("notices", "portal:notices", headers=headers),
        _page("notices, page 5", "portal:notices", "page=5", headers),
    ]


def _rest() -> list[Page]:
    creator = _signed_in(CREATOR) | {"X-Organization": organization_slug(CREATOR)}
    consumer = _signed_in(CONSUMER) | {"X-Organization": organization_slug(CONSUMER)}
    product, subscription = Product.objects.get(slug=product_slug(1)), _large_subscription()
    sold, bought = f"product={product.public_id}", f"subscription={subscription.public_id}"
    return [
        _page("rest: catalog", "rest-catalog"),
        _page("rest: catalog, 100", "rest-catalog", "limit=100"),
        _page("rest: catalog, search", "rest-catalog", "search=weather"),
        _page("rest: catalog, search of two words", "rest-catalog", "search=currency+tax"),
        _page("rest: catalog, product", "rest-catalog-product", slug=product_slug(1)),
        _page("rest: products", "rest-products", "limit=100", creator),
        _page("rest: product", "rest-product", headers=creator, product_id=product.public_id),
        _page("rest: endpoints", "rest-endpoints", "limit=100", creator, product_id=product.public_id),
        _page("rest: consumers", "rest-consumers", "limit=100", creator, product_id=product.public_id),
        _page("rest: usage of a product", "rest-usage", sold, creator),
        _page("rest: usage of a product, endpoints", "rest-usage-endpoints", sold, creator),
        _page("rest: requests of a product", "rest-requests", sold, creator),
        _page("rest: subscriptions", "rest-subscriptions", "limit=100", consumer),
        _page("rest: keys", "rest-keys", "limit=100", consumer, subscription_id=subscription.public_id),
        _page("rest: quotas", "rest-quotas", headers=consumer, subscription_id=subscription.public_id),
        _page("rest: usage of a subscription", "rest-usage", bought, consumer),
        _page("rest: usage of a subscription, keys", "rest-usage-keys", bought, consumer),
        _page("rest: usage of all", "rest-usage", headers=consumer),
        _page("rest: usage of all, endpoints", "rest-usage-endpoints", headers=consumer),
        _page("rest: requests", "rest-requests", bought, consumer),
        _page("rest: requests of all", "rest-requests", headers=consumer),
        _page("rest: invoices", "rest-invoices", "limit=100", consumer),
        _page("rest: invoice", "rest-invoice", headers=consumer, invoice_id=f"inv_{1:022}"),
        _page("rest: notices", "rest-notices", headers=consumer),
    ]


def _admin() -> list[Page]:
    headers = _signed_in_as_staff()
    subscription = _large_subscription()
    key = ApiKey.objects.filter(subscription=subscription)[0]
    wanted = {
        "accounts_user": ["", "q=person77", "is_active__exact=0"],
        "accounts_organization": ["", "q=company-19"],
        "accounts_membership": ["", f"q={email(77)}"],
        "accounts_auditevent": ["", f"q={organization_slug(CREATOR)}", f"q={key.public_id}", _since(7), "p=200"],
        "products_product": ["", "q=api-77", "status__exact=suspended"],
        "products_endpoint": ["", f"q={product_slug(1)}"],
        "plans_plan": ["", f"q={product_slug(1)}"],
        "subscriptions_subscription": ["", f"q={product_slug(1)}", "status__exact=paused"],
        "keys_apikey": ["", f"q={subscription.public_id}", "revoked_at__isempty=0"],
        "usage_usageevent": [
            "", f"q={subscription.public_id}", f"q={product_slug(1)}", f"q={key.public_id}", _since(7, "occurred_at"),
            "p=200",
        ],
        "usage_rejection": ["", f"q={product_slug(1)}", _since(7, "occurred_at")],
        "usage_usagerollup": ["", f"q={subscription.public_id}"],
        "usage_quotaperiod": ["", f"q={subscription.public_id}"],
        "notifications_notice": ["", f"q={email(2)}"],
        "billing_invoice": ["", f"q={organization_slug(CONSUMER)}", "status__exact=open"],
        "payments_payment": ["", f"q={organization_slug(CONSUMER)}"],
    }  # fmt: skip
    pages = [
        _page(f"admin: {name.split('_')[1]} {query[:24]}".rstrip(), f"admin:{name}_changelist", query, headers)
        for name, queries in wanted.items()
        for query in queries
    ]
    return [_page("admin: index", "admin:index", headers=headers), *pages]


def _since(days: int, column: str = "occurred_at") -> str:
    from django.utils import timezone

    return f"{column}__gte={timezone.now().date() - timezone.timedelta(days=days)}+00:00:00%2B00:00"


def _large_subscription() -> Subscription:
    return Subscription.objects.get(public_id=f"sub_{1:022}")


def _first_endpoint() -> str:
    return Endpoint.objects.filter(product__slug=product_slug(1)).order_by("pk")[0].public_id


def _category() -> str:
    return Category.objects.order_by("pk")[0].slug


def _signed_in(number: int) -> dict[str, str]:
    return _session(User.objects.get(email=email(number)))


def _signed_in_as_staff() -> dict[str, str]:
    staff, _made = User.objects.get_or_create(
        email="staff@bench.example", defaults={"is_staff": True, "is_superuser": True}
    )
    return _session(staff)


def _session(user: User) -> dict[str, str]:
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session.session_key}"}
