"""The products of the demo: made once, and pointed at their backends at every load."""

import datetime as dt

from apps.accounts.access import Actor
from apps.core.errors import NotFound
from apps.demo import backdate
from apps.demo.fixtures import PlanFixture, ProductFixture
from apps.demo.progress import Progress
from apps.plans.services import create_plan, publish_plan
from apps.plans.specs import PlanSpec, QuotaSpec, RateLimitSpec
from apps.products.models import Endpoint, Product
from apps.products.selectors import get_product
from apps.products.services import add_endpoint, add_tier, create_product, publish_product, update_product


def load_product(
    fixture: ProductFixture, *, actor: Actor, upstream_url: str, now: dt.datetime, progress: Progress
) -> tuple[Product, bool]:
    """The product with a backend at `upstream_url`, and whether it was made now.

    What its creator changed since an earlier load stays, but for the address of the backend.
    """
    try:
        product = get_product(actor, slug=fixture.slug)
    except NotFound:
        product = _create(fixture, actor, upstream_url)
        backdate.product(product, now - dt.timedelta(days=fixture.published_days_ago))
        progress.changed(f"Published {fixture.name} ({len(fixture.endpoints)} endpoints, {len(fixture.plans)} plans)")
        return product, True
    if product.upstream_url != upstream_url:
        product = update_product(
            actor=actor,
            product=product,
            name=product.name,
            tagline=product.tagline,
            description=product.description,
            upstream_url=upstream_url,
        )
        progress.changed(f"Pointed {product.name} at its backend on {upstream_url}")
    return product, False


def _create(fixture: ProductFixture, actor: Actor, upstream_url: str) -> Product:
    product = create_product(
        actor=actor,
        name=fixture.name,
        slug=fixture.slug,
        upstream_url=upstream_url,
        tagline=fixture.tagline,
        description=fixture.description,
    )
    existing = {tier.name for tier in product.tiers.all()}
    for name in fixture.tiers:
        if name not in existing:
            add_tier(actor=actor, product=product, name=name)
    tiers = {tier.slug: tier for tier in product.tiers.all()}
    endpoints = {
        endpoint.name: add_endpoint(
            actor=actor,
            product=product,
            method=endpoint.method,
            path=endpoint.path,
            tier=tiers[endpoint.tier],
            upstream_path=endpoint.upstream_path,
            weight=endpoint.weight,
            operation=endpoint.operation,
        )
        for endpoint in fixture.endpoints
    }
    for plan in fixture.plans:
        draft = create_plan(actor=actor, product=product, spec=_spec(plan, endpoints))
        publish_plan(actor=actor, plan=draft)
    return publish_product(actor=actor, product=product)


def _spec(plan: PlanFixture, endpoints: dict[str, Endpoint]) -> PlanSpec:
    return PlanSpec(
        name=plan.name,
        tier_slug=plan.tier,
        description=plan.description,
        price_amount=plan.price_amount,
        quotas=tuple(QuotaSpec(quota.included_units, quota.period, quota.anchor) for quota in plan.quotas),
        rate_limits=tuple(
            RateLimitSpec(limit.max_calls, limit.window, endpoints[limit.endpoint] if limit.endpoint else None)
            for limit in plan.rate_limits
        ),
    )
