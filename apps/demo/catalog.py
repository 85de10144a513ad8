"""The products of the demo as their creators make them, and pointed at their backends at every load."""

import datetime as dt

from apps.accounts.access import Actor
from apps.core.errors import Conflict
from apps.demo.fixtures import ChangelogFixture, DeprecationFixture, PlanFixture, ProductFixture
from apps.demo.logos import logo_of
from apps.demo.progress import Progress
from apps.gateway.actions import HELLO_SLUG, ensure_hello_product
from apps.plans.services import create_plan, publish_plan
from apps.plans.specs import PlanSpec, QuotaSpec, RateLimitSpec
from apps.products.enums import ImportSource
from apps.products.models import Category, Endpoint, Product, Tier
from apps.products.services import (
    ImportOptions,
    add_changelog_entry,
    add_endpoint,
    add_faq_entry,
    add_support_channel,
    add_tier,
    announce_changelog_entry,
    apply_import,
    changes_of,
    create_product,
    deprecate_endpoint,
    preview_import,
    publish_changelog_entry,
    publish_product,
    set_logo,
    update_endpoint,
    update_product,
)


def point_at_backend(product: Product, *, actor: Actor, upstream_url: str, progress: Progress) -> None:
    """Follow a backend that has moved; all else stays as its creator has it."""
    if product.upstream_url == upstream_url:
        return
    follows = product.test_upstream_url == product.upstream_url
    update_product(
        actor=actor,
        product=product,
        name=product.name,
        tagline=product.tagline,
        description=product.description,
        upstream_url=upstream_url,
        test_upstream_url=upstream_url if follows else None,
    )
    progress.changed(f"Pointed {product.name} at its backend on {upstream_url}")


def make_product(fixture: ProductFixture, *, actor: Actor, upstream_url: str, progress: Progress) -> Product:
    """The product, published with its plans. Raises `Conflict` or `Invalid` where its address is taken."""
    if fixture.slug == HELLO_SLUG:
        product = _built_in(actor, upstream_url)
    else:
        product = create_product(actor=actor, name=fixture.name, slug=fixture.slug, upstream_url=upstream_url)
    product = _describe(fixture, actor, product)
    tiers = _tiers(fixture, actor, product)
    if fixture.imported is not None:
        _import_endpoints(fixture, actor, product, tiers)
    elif fixture.slug != HELLO_SLUG:
        _add_endpoints(fixture, actor, product, tiers)
    endpoints = {str(endpoint): endpoint for endpoint in product.endpoints.current()}
    for plan in fixture.plans:
        draft = create_plan(actor=actor, product=product, spec=_spec(plan, endpoints))
        publish_plan(actor=actor, plan=draft)
    product = publish_product(actor=actor, product=product)
    counts = f"{_counted(len(endpoints), 'endpoint')}, {_counted(product.plans.count(), 'plan')}"
    progress.changed(f"Published {fixture.name} ({counts})")
    return product


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def write_changelog(entry: ChangelogFixture, *, actor: Actor, product: Product) -> None:
    """Publish the entry and tell subscribers of it."""
    made = add_changelog_entry(actor=actor, product=product, title=entry.title, body=entry.body, version=entry.version)
    publish_changelog_entry(actor=actor, entry=made)
    announce_changelog_entry(entry_id=made.pk)


def deprecate(wish: DeprecationFixture, *, actor: Actor, product: Product, now: dt.datetime) -> None:
    endpoint = next(each for each in product.endpoints.current() if str(each) == wish.endpoint)
    sunset_at = (now + dt.timedelta(days=wish.sunset_in_days)).replace(hour=0, minute=0, second=0, microsecond=0)
    deprecate_endpoint(actor=actor, endpoint=endpoint, sunset_at=sunset_at, note=wish.note)


def _built_in(actor: Actor, upstream_url: str) -> Product:
    product = ensure_hello_product(actor=actor, upstream_url=upstream_url)
    if product.organization_id != actor.organization.pk:
        raise Conflict(f"The product {product.name} belongs to {product.organization} already.")
    return product


def _describe(fixture: ProductFixture, actor: Actor, product: Product) -> Product:
    # Staff keep the list of categories, and may have removed this one.
    category = fixture.category if Category.objects.filter(slug=fixture.category).exists() else None
    product = update_product(
        actor=actor,
        product=product,
        name=fixture.name,
        tagline=fixture.tagline,
        description=fixture.description,
        upstream_url=product.upstream_url,
        test_upstream_url=product.upstream_url if fixture.has_test_backend else None,
        category=category,
        tags=fixture.tags,
        version=fixture.version,
    )
    product = set_logo(actor=actor, product=product, image=logo_of(fixture.slug))
    for entry in fixture.faq:
        add_faq_entry(actor=actor, product=product, question=entry.question, answer=entry.answer)
    return product


def _tiers(fixture: ProductFixture, actor: Actor, product: Product) -> dict[str, Tier]:
    existing = {tier.name for tier in product.tiers.all()}
    for name in fixture.tiers:
        if name not in existing:
            add_tier(actor=actor, product=product, name=name)
    tiers = {tier.slug: tier for tier in product.tiers.all()}
    for channel in fixture.support:
        add_support_channel(
            actor=actor,
            product=product,
            kind=channel.kind,
            value=channel.value,
            note=channel.note,
            tier=tiers[channel.tier] if channel.tier else None,
        )
    return tiers


def _add_endpoints(fixture: ProductFixture, actor: Actor, product: Product, tiers: dict[str, Tier]) -> None:
    for endpoint in fixture.endpoints:
        add_endpoint(
            actor=actor,
            product=product,
            method=endpoint.method,
            path=endpoint.path,
            tier=tiers[endpoint.tier],
            upstream_path=endpoint.upstream_path,
            weight=endpoint.weight,
            operation=endpoint.operation,
        )


def _import_endpoints(fixture: ProductFixture, actor: Actor, product: Product, tiers: dict[str, Tier]) -> None:
    """The endpoints of the document that the backend serves."""
    assert fixture.imported is not None
    url = f"{product.upstream_url}{fixture.imported.path}"
    imported = preview_import(actor=actor, product=product, source=ImportSource.URL, url=url)
    options = ImportOptions(seen=changes_of(imported).seen, tier=tiers[fixture.imported.tier])
    apply_import(actor=actor, imported=imported, options=options)
    endpoints = {str(endpoint): endpoint for endpoint in product.endpoints.current()}
    for tier, names in fixture.imported.opened.items():
        for name in names:
            endpoint = endpoints[name]
            update_endpoint(
                actor=actor,
                endpoint=endpoint,
                method=endpoint.method,
                path=endpoint.path,
                tier=tiers[tier],
                upstream_path=endpoint.upstream_path,
                weight=endpoint.weight,
            )


def _spec(plan: PlanFixture, endpoints: dict[str, Endpoint]) -> PlanSpec:
    return PlanSpec(
        name=plan.name,
        tier_slug=plan.tier,
        description=plan.description,
        price_amount=plan.price_amount,
        interval=plan.interval,
        requires_approval=plan.requires_approval,
        visibility=plan.visibility,
        trial_days=plan.trial_days,
        trial_requires_card=plan.trial_requires_card,
        quotas=tuple(
            QuotaSpec(
                quota.included_units,
                quota.period,
                quota.anchor,
                quota.overage,
                quota.overage_unit_amount,
                quota.overage_max_units,
                quota.price_tiers,
            )
            for quota in plan.quotas
        ),
        rate_limits=tuple(
            RateLimitSpec(limit.max_calls, limit.window, endpoints[limit.endpoint] if limit.endpoint else None)
            for limit in plan.rate_limits
        ),
    )
