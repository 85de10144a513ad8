"""What every write of a subscription shares."""

import datetime as dt

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_event
from apps.accounts.models import User
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.changes import announce
from apps.core.errors import Conflict
from apps.plans.models import Plan
from apps.plans.periods import period_at
from apps.plans.selectors import list_plans_for
from apps.products.enums import ProductStatus
from apps.subscriptions.enums import CollectedBy, SubscriptionStatus
from apps.subscriptions.errors import ManagedAtStripe
from apps.subscriptions.locks import lock_product_of_sale, lock_subscription
from apps.subscriptions.models import Subscription, SubscriptionChange
from apps.subscriptions.state import check_transition

# What the history says of payments, and the status that it stands for.
_PAYMENT_STANDING = {
    "past_due": SubscriptionStatus.PAST_DUE,
    "unpaid": SubscriptionStatus.UNPAID,
    "paid": SubscriptionStatus.ACTIVE,
}


PAUSED_AT_STRIPE = "paused_at_stripe"


def lock_own(actor: Actor, subscription: Subscription) -> Subscription:
    """The subscription of the actor's organization, locked. Raises `ManagedAtStripe`."""
    actor.require(Action.SUBSCRIPTIONS_MANAGE)
    subscription = lock_subscription(subscription, Q(organization=actor.organization))
    check_managed_here(subscription)
    return subscription


def check_managed_here(subscription: Subscription) -> None:
    """Raises `ManagedAtStripe` where what was bought elsewhere is changed there, too."""
    if subscription.collected_by == CollectedBy.STRIPE:
        raise ManagedAtStripe


def lock_consumer(actor: Actor, subscription: Subscription) -> Subscription:
    """The subscription to a product of the actor's organization, locked."""
    actor.require(Action.CONSUMERS_MANAGE)
    return lock_subscription(subscription, Q(product__organization=actor.organization))


def lock_any(subscription: Subscription) -> Subscription:
    """The subscription, locked, for what happens by itself."""
    return lock_subscription(subscription, Q())


def lock_plan_on_sale(actor: Actor, plan: Plan) -> Plan:
    """The plan as it is now, on sale for the actor's organization. Raises `Conflict`.

    Its product is locked, as by everything that changes plans or publication.
    """
    lock_product_of_sale(plan.product_id)
    return plan_on_sale(actor, plan)


def plan_on_sale(actor: Actor, plan: Plan) -> Plan:
    """The plan as it is now, on sale for the actor's organization. Raises `Conflict`."""
    on_sale = list_plans_for(actor.organization, plan.product)
    found = on_sale.filter(pk=plan.pk, product__status=ProductStatus.PUBLISHED).first()
    if found is None:
        raise Conflict(_("This plan is not on sale any more. Choose one of those that the product has now."))
    return found


def begin_period(subscription: Subscription, at: dt.datetime) -> None:
    """Let the billing periods, and those of quotas that begin with the subscription, count from here."""
    subscription.anchored_at = at
    subscription.current_period_start, subscription.current_period_end = period_at(
        subscription.plan.interval, "subscription", at, at
    )
    subscription.is_period_waived = False


def begin_trial(subscription: Subscription, at: dt.datetime) -> None:
    """Let the trial of its plan be the first period."""
    subscription.status = SubscriptionStatus.TRIALING
    subscription.anchored_at = subscription.current_period_start = at
    subscription.trial_ends_at = subscription.current_period_end = at + dt.timedelta(days=subscription.plan.trial_days)


def payment_standing(subscription: Subscription) -> SubscriptionStatus:
    """The status of a paused subscription if it were not paused."""
    if subscription.is_in_trial:
        return SubscriptionStatus.TRIALING
    last = subscription.changes.filter(kind__in=_PAYMENT_STANDING).order_by("-id").first()
    return _PAYMENT_STANDING[last.kind] if last else SubscriptionStatus.ACTIVE


def is_paused_at_stripe(subscription: Subscription) -> bool:
    """Whether it is Stripe that paused it, and not the creator."""
    last = subscription.changes.filter(kind__in=["paused", PAUSED_AT_STRIPE]).order_by("-id").first()
    return subscription.status == SubscriptionStatus.PAUSED and last is not None and last.kind == PAUSED_AT_STRIPE


def move(
    actor: Actor | None,
    subscription: Subscription,
    to: SubscriptionStatus,
    kind: str,
    summary: str,
    *,
    at: dt.datetime | None = None,
    staff: User | None = None,
) -> Subscription:
    """Give the subscription, whose other changed fields are saved too, another status. Raises `Conflict`."""
    check_transition(subscription.status, to)
    at = at or clock.now()
    previous, subscription.status = subscription.status, to
    subscription.paused_at = at if to == SubscriptionStatus.PAUSED else None
    if to == SubscriptionStatus.CANCELED:
        subscription.canceled_at = at
        subscription.pending_plan, subscription.cancel_at_period_end = None, False
    subscription.save()
    record(actor, subscription, kind, previous, summary, at=at, staff=staff)
    return subscription


def renew_quota(subscription: Subscription) -> None:
    """Give the quotas of the running periods anew. Raises `Conflict` where the subscription is canceled."""
    if subscription.status == SubscriptionStatus.CANCELED:
        raise Conflict(_("This subscription is canceled."))
    subscription.quota_epoch += 1
    subscription.save(update_fields=["quota_epoch"])


def schedule(subscription: Subscription, plan: Plan | None) -> None:
    """Write down what happens at the end of the period: another plan, or (None) the end. Twice the end: `Conflict`."""
    if plan is None and subscription.cancel_at_period_end:
        raise Conflict(_("This subscription ends with the running period already."))
    # A cancellation goes before the creator's migration, which is there again where it is undone.
    if plan is not None or not subscription.is_migrating:
        subscription.pending_plan = plan
    subscription.cancel_at_period_end = plan is None
    subscription.save(update_fields=["cancel_at_period_end", "pending_plan"])


def unschedule(subscription: Subscription) -> None:
    """Let the subscription go on as it is after the period. Raises `Conflict` where nothing was planned."""
    if not (subscription.cancel_at_period_end or subscription.pending_plan):
        raise Conflict(_("Nothing is planned for the end of the period."))
    subscription.cancel_at_period_end, subscription.pending_plan = False, None
    subscription.save(update_fields=["cancel_at_period_end", "pending_plan"])


def unschedule_own(subscription: Subscription) -> None:
    """Take back what the consumer planned. What the creator did is not theirs to take back: `Conflict`."""
    migration = subscription.pending_plan if subscription.is_migrating else None
    if migration is not None and not subscription.cancel_at_period_end:
        raise Conflict(_("The creator renews this plan in a new version. Choose another plan, or let it end."))
    unschedule(subscription)
    if migration is not None:
        subscription.pending_plan = migration
        subscription.save(update_fields=["pending_plan"])


def record(
    actor: Actor | None,
    subscription: Subscription,
    kind: str,
    previous: str,
    summary: str,
    *,
    from_plan: Plan | None = None,
    at: dt.datetime | None = None,
    staff: User | None = None,
) -> None:
    """A line of the history, an audit event (of the actor's organization, else the consumer's), an announcement.

    Without an actor it was done by `staff`, or happened by itself.
    """
    person = actor.user if actor else staff
    SubscriptionChange.objects.create(
        subscription=subscription,
        kind=kind,
        from_status=previous,
        to_status=subscription.status,
        from_plan=from_plan,
        to_plan=subscription.plan,
        quota_epoch=subscription.quota_epoch,
        actor=person,
        occurred_at=at or clock.now(),
    )
    record_event(
        organization=actor.organization if actor else subscription.organization,
        actor=person,
        action=f"subscription.{kind}",
        target=subscription.public_id,
        summary=summary,
    )
    announce(f"subscription:{subscription.pk}")
