"""Writes of plans. A published plan never changes: an edit makes a new version."""

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.models import Organization
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.errors import Conflict, Invalid
from apps.core.rows import first_or_not_found
from apps.core.slugs import free_slug, slug_from
from apps.core.values import check_line
from apps.plans.models import Plan, PlanGrant, PriceTier, Quota, RateLimit
from apps.plans.specs import DESCRIPTION_MAX, NAME_MAX, PlanSpec, RateLimitSpec
from apps.products.models import Endpoint, Product
from apps.products.selectors import choose_tier
from apps.products.services.writing import lock_product, record_change

PLANS_MAX = 50
GRANTS_MAX = 1000


@transaction.atomic
def create_plan(*, actor: Actor, product: Product, spec: PlanSpec) -> Plan:
    """A first version, not yet on sale. Raises `Invalid` with the field that is wrong."""
    actor.require(Action.PLANS_EDIT)
    spec.check()
    product = lock_product(actor, product)
    current = Plan.objects.filter(product=product, withdrawn_at__isnull=True)
    if current.count() >= PLANS_MAX:
        raise Conflict(_("A product has %(most)d plans at most. Withdraw one first.") % {"most": PLANS_MAX})
    slug = free_slug(slug_from(spec.name, fallback="plan"), set(current.values_list("slug", flat=True)))
    plan = _write_version(Plan(product=product, slug=slug), spec)
    _record(actor, plan, "plan.created", f"Created the plan {plan.name} of {product.name}")
    return plan


@transaction.atomic
def revise_plan(*, actor: Actor, plan: Plan, spec: PlanSpec) -> Plan:
    """A plan that says what `spec` says, and the version on sale if the old one was.

    A draft is rewritten; a published version is withdrawn from sale and its subscribers stay on it.
    Raises `Invalid` with the field that is wrong, `Conflict` where somebody else was faster.
    """
    actor.require(Action.PLANS_EDIT)
    spec.check()
    plan = _current(actor, plan)
    if plan.published_at is None:
        plan.quotas.all().delete()
        plan.rate_limits.all().delete()
        revised = _write_version(plan, spec)
    else:
        now = clock.now()
        plan.withdrawn_at = now
        plan.save(update_fields=["withdrawn_at"])
        revised = _write_version(Plan(product=plan.product, slug=plan.slug, published_at=now), spec)
    _record(actor, revised, "plan.revised", f"Revised the plan {revised.name} (version {revised.version})")
    return revised


@transaction.atomic
def publish_plan(*, actor: Actor, plan: Plan) -> Plan:
    """Put a draft on sale. Raises `Conflict` where it is on sale or gone."""
    actor.require(Action.PLANS_EDIT)
    plan = _current(actor, plan)
    if plan.published_at is not None:
        raise Conflict(_("This plan is on sale already."))
    plan.published_at = clock.now()
    plan.save(update_fields=["published_at"])
    _record(actor, plan, "plan.published", f"Put the plan {plan.name} on sale")
    return plan


@transaction.atomic
def withdraw_plan(*, actor: Actor, plan: Plan) -> Plan:
    """Take a plan off sale; its subscribers stay on it. A draft goes away. Raises `Conflict` where it is gone."""
    actor.require(Action.PLANS_EDIT)
    plan = _current(actor, plan)
    plan.withdrawn_at = clock.now()
    plan.save(update_fields=["withdrawn_at"])
    _record(actor, plan, "plan.withdrawn", f"Took the plan {plan.name} off sale")
    return plan


@transaction.atomic
def grant_plan(*, actor: Actor, plan: Plan, organization_slug: str) -> PlanGrant:
    """Name an organization for the plan, in all its versions: it may have it without asking, also a private one.

    Granting it again changes nothing. Raises `Invalid` where there is no such organization.
    """
    actor.require(Action.PLANS_EDIT)
    plan = _current(actor, plan)
    organization = Organization.objects.filter(slug=organization_slug.strip()).first()
    if organization is None:
        raise Invalid(_("There is no organization with this short name."), field="organization")
    grants = PlanGrant.objects.filter(product=plan.product, plan_slug=plan.slug)
    if grants.exclude(organization=organization).count() >= GRANTS_MAX:
        raise Conflict(_("A plan is granted to %(most)d organizations at most.") % {"most": GRANTS_MAX})
    grant, _created = PlanGrant.objects.get_or_create(
        product=plan.product, plan_slug=plan.slug, organization=organization, defaults={"created_by": actor.user}
    )
    _record(actor, plan, "plan.granted", f"Granted the plan {plan.name} to {organization.name}")
    return grant


@transaction.atomic
def revoke_grant(*, actor: Actor, plan: Plan, organization: Organization) -> None:
    """Take the grant back; who is subscribed stays on the plan. Raises `NotFound` where there is none."""
    actor.require(Action.PLANS_EDIT)
    plan = _current(actor, plan)
    first_or_not_found(
        PlanGrant.objects.filter(product=plan.product, plan_slug=plan.slug, organization=organization)
    ).delete()
    _record(actor, plan, "plan.grant_revoked", f"Took the plan {plan.name} back from {organization.name}")


def _write_version(plan: Plan, spec: PlanSpec) -> Plan:
    """Fill the plan, a new version of its slug or a draft that has none yet, with what the spec says."""
    product = plan.product
    plan.name = check_line(spec.name, field="name", longest=NAME_MAX)
    plan.description = check_line(spec.description, field="description", shortest=0, longest=DESCRIPTION_MAX)
    plan.price_amount = spec.price_amount
    plan.currency = spec.currency
    plan.interval = spec.interval
    plan.requires_approval = spec.requires_approval
    plan.visibility = spec.visibility
    plan.quota_on_change = spec.quota_on_change
    plan.trial_days = spec.trial_days
    plan.trial_requires_card = spec.trial_requires_card
    plan.max_concurrent = spec.max_concurrent
    plan.tier = choose_tier(product, slug=spec.tier_slug)
    others = Plan.objects.filter(product=product, withdrawn_at__isnull=True).exclude(pk=plan.pk)
    if others.filter(name__iexact=plan.name).exists():
        raise Invalid(_("There is a plan of this name."), field="name")
    _check_endpoints(product, spec.rate_limits)
    if plan.pk is None:
        latest = Plan.objects.filter(product=product, slug=plan.slug).aggregate(version=Max("version"))["version"]
        plan.version = (latest or 0) + 1
    plan.save()
    quotas = Quota.objects.bulk_create(
        Quota(
            plan=plan,
            name=quota.name,
            included_units=quota.included_units,
            period=quota.period,
            anchor=quota.anchor,
            overage=quota.overage,
            overage_unit_amount=quota.overage_unit_amount,
            overage_max_units=quota.overage_max_units,
        )
        for quota in spec.quotas
    )
    PriceTier.objects.bulk_create(
        PriceTier(quota=quota, up_to_units=tier.up_to_units, unit_amount=tier.unit_amount, flat_amount=tier.flat_amount)
        for quota, said in zip(quotas, spec.quotas, strict=True)
        for tier in said.price_tiers
    )
    RateLimit.objects.bulk_create(
        RateLimit(plan=plan, endpoint=limit.endpoint, name=limit.name, max_calls=limit.max_calls, window=limit.window)
        for limit in spec.rate_limits
    )
    return plan


def _check_endpoints(product: Product, limits: tuple[RateLimitSpec, ...]) -> None:
    wanted = {limit.endpoint.pk for limit in limits if limit.endpoint is not None}
    found = Endpoint.objects.current().filter(product=product, pk__in=wanted).count() if wanted else 0
    if found < len(wanted):
        raise Invalid(_("Choose one of the product's endpoints."), field="rate_limits")


def _current(actor: Actor, plan: Plan) -> Plan:
    """The plan as it is now that its product is locked; a draft or on sale. Raises `NotFound` or `Conflict`."""
    product = lock_product(actor, plan.product)
    found = first_or_not_found(Plan.objects.select_related("product", "tier").filter(pk=plan.pk, product=product))
    if found.withdrawn_at is not None:
        raise Conflict(_("This version has been replaced or withdrawn. Change the current one."))
    return found


def _record(actor: Actor, plan: Plan, action: str, summary: str) -> None:
    # Announced, because the gateway names the cheapest plan that opens an endpoint.
    record_change(actor, plan.product, action, summary, target=plan.public_id)
