"""Subscribers of older versions of a plan are moved to the one on sale, by its creator."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.models import User
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.errors import Conflict, Invalid
from apps.core.jobs import enqueue
from apps.core.rows import first_or_not_found
from apps.plans.models import Plan
from apps.products.services.writing import lock_product, record_change
from apps.subscriptions.enums import CollectedBy, MigrationTime, SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.services.notices import tell_consumer_of_coming_plan, tell_consumer_of_migration
from apps.subscriptions.services.plan_changes import apply_plan
from apps.subscriptions.services.writing import lock_any, record

MIGRATE_TASK = "subscriptions.migrate_subscribers"


@transaction.atomic
def migrate_subscribers(*, actor: Actor, plan: Plan, to: Plan, when: str) -> int:
    """Move the subscribers of `plan`, a version that is not sold any more, to `to`, the version on sale.

    At their next renewal, which they are told at once; or now, without a charge or credit for the running period,
    which is refused (`Conflict`) where `can_migrate_now` says no. Who has planned a
    change or the end keeps that. Returns how many there are; a task does the work.
    """
    actor.require(Action.PLANS_EDIT)
    product = lock_product(actor, plan.product)
    plan = first_or_not_found(Plan.objects.filter(pk=plan.pk, product=product, published_at__isnull=False))
    to = first_or_not_found(Plan.objects.filter(pk=to.pk, product=product, slug=plan.slug))
    if when not in MigrationTime.values:
        raise Invalid(_("Choose when: now, or at the renewal."), field="when")
    if not to.is_on_sale or to.pk == plan.pk:
        raise Conflict(_("Subscribers are moved from an older version to the one on sale."))
    if when == MigrationTime.NOW and not can_migrate_now(plan, to):
        raise Conflict(
            _(
                "The new version costs more or is billed otherwise, or the old one charges extra units. Move the "
                "subscribers at their next renewal."
            )
        )
    waiting = list_to_migrate(plan, to, when).count()
    summary = f"Moves {waiting} subscribers of {plan.name} from version {plan.version} to {to.version} ({when})"
    record_change(actor, product, "plan.subscribers_migrated", summary, target=to.public_id)
    enqueue(MIGRATE_TASK, plan_id=plan.pk, to_id=to.pk, when=when, user_id=actor.user.pk)
    return waiting


def can_migrate_now(plan: Plan, to: Plan) -> bool:
    """Whether nobody pays more by it, within a period that goes on."""
    same_terms = (plan.currency, plan.interval, plan.is_free) == (to.currency, to.interval, to.is_free)
    # What is extra under the old terms is settled at the end of the period, with the quota that it is beyond.
    settles = any(quota.charges_extra for quota in plan.quotas.all())
    return same_terms and not settles and to.price_amount <= plan.price_amount


def list_to_migrate(plan: Plan, to: Plan, when: str) -> QuerySet[Subscription]:
    """Those of the older version that have begun, and planned nothing of their own; what Stripe collects stays."""
    found = Subscription.objects.filter(
        plan=plan,
        status__in=SubscriptionStatus.begun(),
        cancel_at_period_end=False,
        collected_by=CollectedBy.PLATFORM,
    ).order_by("pk")
    if when == MigrationTime.NOW:
        return found.filter(pending_plan__isnull=True) | found.filter(pending_plan=to)
    return found.filter(pending_plan__isnull=True)


def migrate_all(*, plan: Plan, to: Plan, when: str, user: User | None) -> int:
    """Move them one by one, each in a transaction of its own; repeated, it goes on where it stopped."""
    moved = 0
    for subscription in list_to_migrate(plan, to, when).iterator(chunk_size=500):
        moved += _migrate(subscription, plan, to, when, user)
    return moved


@transaction.atomic
def _migrate(subscription: Subscription, plan: Plan, to: Plan, when: str, user: User | None) -> bool:
    subscription = lock_any(subscription)
    if not list_to_migrate(plan, to, when).filter(pk=subscription.pk).exists():
        return False  # changed meanwhile
    # The target may be off sale by now: what was announced is done all the same.
    if when == MigrationTime.RENEWAL:
        subscription.pending_plan = to
        subscription.save(update_fields=["pending_plan"])
        summary = f"{subscription.product.name} goes on with version {to.version} of {to.name} at the renewal"
        record(None, subscription, "migration_scheduled", subscription.status, summary, staff=user)
        tell_consumer_of_coming_plan(subscription, to)
        return True
    at = clock.now()
    if subscription.current_period_end is None or subscription.current_period_end <= at:
        return False  # its period is just being closed: the next run finds it
    apply_plan(None, subscription, to, at)
    tell_consumer_of_migration(subscription)
    return True
