"""Writes of subscriptions. Each is a line of the history, and live in the gateway within seconds."""

from django.db import IntegrityError, transaction

from apps.accounts.access import Actor
from apps.accounts.audit import record_event
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.changes import announce
from apps.core.errors import Conflict, NotFound
from apps.plans.models import Plan
from apps.products.enums import ProductStatus
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription, SubscriptionChange
from apps.subscriptions.state import check_transition


@transaction.atomic
def subscribe(*, actor: Actor, plan: Plan) -> Subscription:
    """Subscribe the actor's organization to a free plan. Raises `Conflict` where that cannot be."""
    actor.require(Action.SUBSCRIPTIONS_MANAGE)
    # Locked, so that a plan withdrawn or a product unpublished meanwhile is seen.
    plan = Plan.objects.select_for_update(of=("self",)).select_related("product").get(pk=plan.pk)
    if not plan.is_on_sale or plan.product.status != ProductStatus.PUBLISHED:
        raise Conflict("This plan is not on sale any more.")
    if not plan.is_free:
        raise Conflict("This plan has a price, and paid plans cannot be bought here yet. Choose a free plan.")
    now = clock.now()
    subscription = Subscription(
        organization=actor.organization,
        product=plan.product,
        plan=plan,
        status=SubscriptionStatus.ACTIVE,
        started_at=now,
        created_by=actor.user,
    )
    try:
        with transaction.atomic():
            subscription.save()
    except IntegrityError:
        raise Conflict(f"{actor.organization.name} has a subscription to {plan.product.name} already.") from None
    _record(actor, subscription, "started", "", f"Subscribed to {plan.product.name}, plan {plan.name}")
    return subscription


@transaction.atomic
def cancel_subscription(*, actor: Actor, subscription: Subscription) -> Subscription:
    """End a subscription of the actor's organization now; its keys stop working."""
    actor.require(Action.SUBSCRIPTIONS_MANAGE)
    subscription = _locked(subscription)
    if subscription.organization_id != actor.organization.pk:
        raise NotFound
    return _move(actor, subscription, SubscriptionStatus.CANCELED, "canceled", f"Canceled {subscription.product.name}")


@transaction.atomic
def pause_consumer(*, actor: Actor, subscription: Subscription) -> Subscription:
    """Stop a consumer of the actor's product (abuse); the gateway answers 403 until it is resumed."""
    subscription = _locked_consumer(actor, subscription)
    return _move(
        actor,
        subscription,
        SubscriptionStatus.PAUSED,
        "paused",
        f"Paused the subscription of {subscription.organization.name}",
    )


@transaction.atomic
def resume_consumer(*, actor: Actor, subscription: Subscription) -> Subscription:
    subscription = _locked_consumer(actor, subscription)
    return _move(
        actor,
        subscription,
        SubscriptionStatus.ACTIVE,
        "resumed",
        f"Resumed the subscription of {subscription.organization.name}",
    )


@transaction.atomic
def reset_quota(*, actor: Actor, subscription: Subscription) -> Subscription:
    """Give a consumer of the actor's product the quota of the running period anew."""
    subscription = _locked_consumer(actor, subscription)
    if subscription.status == SubscriptionStatus.CANCELED:
        raise Conflict("This subscription is canceled.")
    subscription.quota_epoch += 1
    subscription.save(update_fields=["quota_epoch"])
    _record(
        actor, subscription, "quota_reset", subscription.status, f"Reset the quota of {subscription.organization.name}"
    )
    return subscription


def _move(actor: Actor, subscription: Subscription, to: SubscriptionStatus, kind: str, summary: str) -> Subscription:
    check_transition(subscription.status, to)
    previous, subscription.status = subscription.status, to
    now = clock.now()
    subscription.paused_at = now if to == SubscriptionStatus.PAUSED else None
    if to == SubscriptionStatus.CANCELED:
        subscription.canceled_at = now
    subscription.save(update_fields=["status", "paused_at", "canceled_at"])
    _record(actor, subscription, kind, previous, summary)
    return subscription


def _locked(subscription: Subscription) -> Subscription:
    return (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("organization", "product", "plan")
        .get(pk=subscription.pk)
    )


def _locked_consumer(actor: Actor, subscription: Subscription) -> Subscription:
    actor.require(Action.CONSUMERS_MANAGE)
    subscription = _locked(subscription)
    if subscription.product.organization_id != actor.organization.pk:
        raise NotFound
    return subscription


def _record(actor: Actor, subscription: Subscription, kind: str, previous: str, summary: str) -> None:
    SubscriptionChange.objects.create(
        subscription=subscription,
        kind=kind,
        from_status=previous,
        to_status=subscription.status,
        to_plan=subscription.plan,
        actor=actor.user,
        occurred_at=clock.now(),
    )
    record_event(
        organization=actor.organization,
        actor=actor.user,
        action=f"subscription.{kind}",
        target=subscription.public_id,
        summary=summary,
    )
    announce(f"subscription:{subscription.pk}")
