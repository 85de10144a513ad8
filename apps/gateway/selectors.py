"""What the gateway reads from Postgres: a product or a key with everything that a decision needs."""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.crypto import salted_hmac

from apps.core.errors import Invalid
from apps.core.models import Change
from apps.gateway.engine.admission.networks import network_rule
from apps.gateway.engine.admission.routes import Endpoint, RouteTable
from apps.gateway.engine.entities import (
    Entitlement,
    KeyEntry,
    MockAnswer,
    PlanOffer,
    ProductEntry,
    ProductState,
    RecordingWish,
    Standing,
    Timeouts,
)
from apps.keys.enums import KeyScope
from apps.keys.models import ApiKey
from apps.keys.secret import signing_secret
from apps.plans.models import Plan
from apps.plans.selectors import cheapest_first, list_grants_by_slug, list_plans_on_sale
from apps.products.enums import ProductStatus
from apps.products.hosting import is_hosting_slug
from apps.products.models import Endpoint as EndpointRow
from apps.products.models import Product
from apps.products.openapi.example_answers import example_answer
from apps.products.paths import parse_template
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.usage.limits import PlanRates, limits_of, rates_of, test_limits

# What a call is told whose subscription is not in order.
_ADVICE = {
    SubscriptionStatus.PENDING_APPROVAL: (
        "The creator of this product has not approved this subscription yet. You are told as soon as they have."
    ),
    SubscriptionStatus.INCOMPLETE: (
        "This subscription has not begun: its first invoice is not paid. Pay it on the billing pages of the portal."
    ),
    SubscriptionStatus.UNPAID: (
        "An invoice of this subscription is unpaid. Pay it on the billing pages of the portal; calls then pass again."
    ),
    SubscriptionStatus.PAUSED: "The creator of this product has paused this subscription. Ask them why.",
    SubscriptionStatus.CANCELED: "This subscription is canceled. Subscribe again and use a key of the new one.",
}

logger = logging.getLogger(__name__)

_STATES = {
    ProductStatus.DRAFT: ProductState.HIDDEN,
    ProductStatus.PUBLISHED: ProductState.OPEN,
    ProductStatus.UNPUBLISHED: ProductState.OPEN,
    ProductStatus.SUSPENDED: ProductState.SUSPENDED,
    ProductStatus.RETIRED: ProductState.RETIRED,
}


def find_product(slug: str) -> ProductEntry | None:
    """The product with its routes and the plans on sale; None, too, for the one that sells hosting."""
    if is_hosting_slug(slug):
        return None
    product = Product.objects.filter(slug=slug).first()
    if product is None:
        return None
    statuses = product.billable_statuses
    return ProductEntry(
        id=product.pk,
        slug=product.slug,
        state=_state(product),
        upstream_url=product.upstream_url.rstrip("/"),
        test_upstream_url=product.test_upstream_url.rstrip("/"),
        proxy_secret=product.proxy_secret,
        max_body_bytes=product.max_body_bytes,
        timeouts=Timeouts(
            connect_seconds=product.connect_seconds,
            first_byte_seconds=product.timeout_seconds,
            idle_seconds=product.idle_seconds,
            total_seconds=product.total_seconds,
        ),
        recording=_recording(product),
        billable_statuses=None if statuses is None else tuple(int(status) for status in statuses),
        rapidapi_compatible=product.rapidapi_compatible,
        units_header=product.units_header.lower().encode("ascii"),
        routes=RouteTable(_endpoints(product)),
        offers=_offers(product),
        deprecated_at=product.deprecated_at,
        retires_at=product.retires_at,
        networks=network_rule(product.allowed_networks, product.denied_networks),
        requires_signature=product.requires_signature,
        next_proxy_secret=product.next_proxy_secret,
    )


def _recording(product: Product) -> RecordingWish | None:
    if product.log_headers or product.log_bodies:
        return RecordingWish(headers=product.log_headers, bodies=product.log_bodies)
    return None


def _state(product: Product) -> ProductState:
    if product.is_retired and product.published_at is None:
        return ProductState.HIDDEN  # a draft that was given up: nobody ever heard of it
    return _STATES[ProductStatus(product.status)]


def _endpoints(product: Product) -> list[Endpoint]:
    rows = (
        EndpointRow.objects.current()
        .filter(product=product)
        .order_by("id")
        .values_list(
            "id", "method", "path", "upstream_path", "tier__rank", "weight", "max_units", "deprecated_at", "sunset_at",
            "allowed_networks", "denied_networks",
        )
    )  # fmt: skip
    endpoints = []
    for pk, method, path, upstream_path, rank, weight, max_units, deprecated_at, sunset_at, allowed, denied in rows:
        try:
            templates = parse_template(path), parse_template(upstream_path)
        except Invalid as error:
            # One bad row must not take the product's other routes away.
            logger.error("endpoint %s is left out: %s", pk, error.message)
            continue
        most = max_units if product.units_header else None
        networks = network_rule(allowed, denied)
        endpoints.append(Endpoint(pk, method, *templates, rank, weight, deprecated_at, sunset_at, most, networks))
    return endpoints


def _offers(product: Product) -> tuple[PlanOffer, ...]:
    granted = list_grants_by_slug(product)
    return tuple(
        PlanOffer(
            slug=plan.slug,
            name=plan.name,
            tier_rank=plan.tier.rank,
            sold_to=None if plan.is_public else granted.get(plan.slug, frozenset()),
        )
        for plan in cheapest_first(list_plans_on_sale(product))
    )


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """A plan, with its tier and its quotas at hand, and its rate limits in the form that the counters take."""

    plan: Plan
    rates: PlanRates


def find_plan(pk: int) -> PlanTerms:
    plan = Plan.objects.select_related("tier").prefetch_related("quotas__price_tiers", "rate_limits").get(pk=pk)
    return PlanTerms(plan, rates_of(plan))


# A model's every column costs time to select, and most are not asked for.
_FIELDS_OF_KEY = (
    *("public_id", "mode", "revoked_at", "expires_at", "scopes", "allowed_networks"),
    *(
        f"subscription__{name}"
        for name in (
            *("status", "plan_id", "anchored_at", "current_period_end", "trial_ends_at"),
            *("overage_allowed", "spend_cap_amount", "quota_epoch"),
            *("product__public_id", "product__slug", "organization__public_id"),
        )
    ),
)


def find_key(digest: bytes, plan_of: Callable[[int], PlanTerms] = find_plan) -> KeyEntry | None:
    """The key with what its subscription may do; revoked and expired keys too. `plan_of` finds the plan's terms."""
    key = (
        ApiKey.objects.filter(digest=digest)
        .select_related("subscription__product", "subscription__organization")
        .only(*_FIELDS_OF_KEY)
        .order_by()
        .first()
    )
    if key is None:
        return None
    return KeyEntry(
        id=key.pk,
        is_test=key.is_test,
        is_revoked=key.is_revoked,
        expires_at=key.expires_at,
        scopes=frozenset(KeyScope(scope) for scope in key.scopes),
        networks=network_rule(key.allowed_networks),
        entitlement=_entitlement(key.subscription, plan_of(key.subscription.plan_id), is_test=key.is_test),
        public_id=key.public_id,
        signing_key=signing_secret(key.public_id).encode("ascii"),
    )


def find_mock(endpoint_id: int) -> MockAnswer | None:
    """What a test key gets of the endpoint where its product has no backend for tests."""
    operation = EndpointRow.objects.current().filter(pk=endpoint_id).values_list("operation", flat=True).first()
    example = example_answer(operation)
    if example is None:
        return None
    headers = [(b"content-type", example.media_type.encode("ascii"))] if example.media_type else []
    return MockAnswer(example.status, [*headers, (b"content-length", b"%d" % len(example.body))], example.body)


def _entitlement(subscription: Subscription, terms: PlanTerms, *, is_test: bool) -> Entitlement:
    plan = subscription.plan = terms.plan
    limits = test_limits() if is_test else limits_of(subscription, terms.rates)
    status = SubscriptionStatus(subscription.status)
    return Entitlement(
        subscription_id=subscription.pk,
        product_id=subscription.product_id,
        plan_id=plan.pk,
        organization_id=subscription.organization_id,
        consumer=_pseudonym(subscription),
        plan_slug=plan.slug,
        plan_name=plan.name,
        standing=_standing(status),
        advice=_ADVICE.get(status, ""),
        tier_rank=plan.tier.rank,
        quota_epoch=subscription.quota_epoch,
        rates=limits.rates,
        endpoint_rates=limits.endpoint_rates,
        quotas=limits.quotas,
        max_concurrent=limits.max_concurrent,
    )


def _standing(status: SubscriptionStatus) -> Standing:
    if status in SubscriptionStatus.callable():
        return Standing.OPEN
    return Standing.UNPAID if status == SubscriptionStatus.UNPAID else Standing.INACTIVE


def _pseudonym(subscription: Subscription) -> str:
    """The consumer as the product's backend knows it: stable, and of no use to find them elsewhere."""
    who = f"{subscription.product.public_id}:{subscription.organization.public_id}"
    return f"con_{salted_hmac('apps.gateway.consumer', who, algorithm='sha256').hexdigest()[:24]}"


def list_changes(since: dt.datetime) -> list[tuple[int, str]]:
    """The id and topic of every change since then."""
    return list(Change.objects.filter(created_at__gte=since).order_by("id").values_list("id", "topic"))
