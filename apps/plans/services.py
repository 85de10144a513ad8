"""Writes of plans. A published plan never changes: an edit makes a new version."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from apps.accounts.access import Actor
from apps.accounts.audit import record_event
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.changes import announce
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.slugs import slug_from
from apps.plans.models import Plan, Quota, RateLimit
from apps.plans.specs import PlanSpec
from apps.products.models import Endpoint, Product
from apps.products.selectors import get_tier

PLANS_MAX = 50


@transaction.atomic
def create_plan(*, actor: Actor, product: Product, spec: PlanSpec) -> Plan:
    """A first version, not yet on sale. Raises `Invalid` with the field that is wrong."""
    actor.require(Action.PLANS_EDIT)
    product = _locked(actor, product)
    slug = slug_from(spec.name, fallback="plan")
    if Plan.objects.filter(product=product, withdrawn_at__isnull=True, name__iexact=spec.name.strip()).exists():
        raise Invalid("There is a plan of this name.", field="name")
    if Plan.objects.filter(product=product, withdrawn_at__isnull=True).count() >= PLANS_MAX:
        raise Conflict(f"A product has {PLANS_MAX} plans at most.")
    plan = _write_version(product, slug, spec)
    _record(actor, plan, "plan.created", f"Created the plan {plan.name} of {product.name}")
    return plan


@transaction.atomic
def revise_plan(*, actor: Actor, plan: Plan, spec: PlanSpec) -> Plan:
    """A plan that says what `spec` says, and the version on sale if the old one was.

    A draft is replaced; a published version is withdrawn from sale and its subscribers stay on it.
    """
    actor.require(Action.PLANS_EDIT)
    product = _locked(actor, plan.product)
    plan = Plan.objects.select_for_update(of=("self",)).get(pk=plan.pk, product=product)
    if plan.withdrawn_at is not None:
        raise Conflict("This version has been replaced. Change the current one.")
    was_published = plan.published_at is not None
    if was_published:
        plan.withdrawn_at = clock.now()
        plan.save(update_fields=["withdrawn_at"])
    else:
        plan.delete()
    revised = _write_version(product, plan.slug, spec)
    if was_published:
        revised.published_at = clock.now()
        revised.save(update_fields=["published_at"])
    _record(actor, revised, "plan.revised", f"Revised the plan {revised.name} (version {revised.version})")
    return revised


@transaction.atomic
def publish_plan(*, actor: Actor, plan: Plan) -> Plan:
    """Put a draft on sale."""
    actor.require(Action.PLANS_EDIT)
    product = _locked(actor, plan.product)
    plan = Plan.objects.select_for_update(of=("self",)).get(pk=plan.pk, product=product)
    if plan.published_at is not None:
        raise Conflict("This plan is published already.")
    plan.published_at = clock.now()
    plan.save(update_fields=["published_at"])
    _record(actor, plan, "plan.published", f"Put the plan {plan.name} on sale")
    return plan


@transaction.atomic
def withdraw_plan(*, actor: Actor, plan: Plan) -> Plan:
    """Take a plan off sale; its subscribers stay on it. A draft goes away."""
    actor.require(Action.PLANS_EDIT)
    product = _locked(actor, plan.product)
    plan = Plan.objects.select_for_update(of=("self",)).get(pk=plan.pk, product=product)
    if plan.withdrawn_at is not None:
        raise Conflict("This plan is not on sale.")
    plan.withdrawn_at = clock.now()
    plan.save(update_fields=["withdrawn_at"])
    _record(actor, plan, "plan.withdrawn", f"Took the plan {plan.name} off sale")
    return plan


def _write_version(product: Product, slug: str, spec: PlanSpec) -> Plan:
    spec.check()
    try:
        tier = get_tier(product, slug=spec.tier_slug)
    except NotFound:
        raise Invalid("Choose one of the product's tiers.", field="tier") from None
    latest = Plan.objects.filter(product=product, slug=slug).aggregate(version=Max("version"))["version"] or 0
    plan = Plan(
        product=product,
        tier=tier,
        slug=slug,
        version=latest + 1,
        name=spec.name.strip(),
        description=spec.description.strip(),
        price_amount=spec.price_amount,
        currency=spec.currency,
    )
    try:
        plan.full_clean(validate_constraints=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid(messages[0], field=field) from None
    plan.save()
    Quota.objects.bulk_create(
        Quota(plan=plan, name=quota.name, included_units=quota.included_units, period=quota.period, anchor=quota.anchor)
        for quota in spec.quotas
    )
    endpoints = set(Endpoint.objects.current().filter(product=product).values_list("pk", flat=True))
    for limit in spec.rate_limits:
        if limit.endpoint is not None and limit.endpoint.pk not in endpoints:
            raise Invalid("Choose one of the product's endpoints.", field="rate_limits")
    RateLimit.objects.bulk_create(
        RateLimit(plan=plan, endpoint=limit.endpoint, name=limit.name, max_calls=limit.max_calls, window=limit.window)
        for limit in spec.rate_limits
    )
    return plan


def _locked(actor: Actor, product: Product) -> Product:
    found = Product.objects.select_for_update().filter(pk=product.pk, organization=actor.organization).first()
    if found is None:
        raise NotFound
    return found


def _record(actor: Actor, plan: Plan, action: str, summary: str) -> None:
    record_event(
        organization=actor.organization, actor=actor.user, action=action, target=plan.public_id, summary=summary
    )
    # The gateway names the cheapest plan that opens an endpoint, so it hears of every change.
    announce(f"product:{plan.product_id}")
