"""Writes of subscriptions. Each is a line of the history, and live in the gateway within seconds."""

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.changes import announce
from apps.core.errors import Conflict
from apps.plans.models import Plan
from apps.products.enums import ProductStatus
from apps.products.models import Product
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.locks import lock_subscription
from apps.subscriptions.models import Subscription, SubscriptionChange
from apps.subscriptions.state import check_transition


@transaction.atomic
def subscribe(*, actor: Actor, plan: Plan) -> Subscription:
    """Subscribe the actor's organization to a free plan. Raises `Conflict` where that cannot be.

    Who canceled while the creator had them paused begins paused: canceling is no way out of it.
    """
    actor.require(Action.SUBSCRIPTIONS_MANAGE)
    plan = _locked_plan_on_sale(plan)
    if not plan.is_free:
        raise Conflict(_("This plan has a price, and paid plans cannot be bought here yet. Choose a free plan."))
    now = clock.now()
    paused = _left_paused(actor, plan.product)
    subscription = Subscription(
        organization=actor.organization,
        product=plan.product,
        plan=plan,
        status=SubscriptionStatus.PAUSED if paused else SubscriptionStatus.ACTIVE,
        started_at=now,
        anchored_at=now,
        paused_at=now if paused else None,
        created_by=actor.user,
    )
    try:
        with transaction.atomic():
            subscription.save()
    except IntegrityError:
        raise Conflict(
            _("%(organization)s has a subscription to %(product)s already.")
            % {"organization": actor.organization.name, "product": plan.product.name}
        ) from None
    _record(actor, subscription, "started", "", f"Subscribed to {plan.product.name}, plan {plan.name}")
    return subscription


@transaction.atomic
def cancel_subscription(*, actor: Actor, subscription: Subscription) -> Subscription:
    """End a subscription of the actor's organization now; its keys stop working."""
    actor.require(Action.SUBSCRIPTIONS_MANAGE)
    subscription = lock_subscription(subscription, Q(organization=actor.organization))
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
    """Let a paused consumer of the actor's product call again."""
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
        raise Conflict(_("This subscription is canceled."))
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


def _locked_plan_on_sale(plan: Plan) -> Plan:
    """The plan as it is now. Its product is locked, as by everything that changes plans or publication."""
    product = Product.objects.select_for_update(no_key=True).filter(pk=plan.product_id).first()
    found = Plan.objects.on_sale().select_related("product").filter(pk=plan.pk, product=product).first()
    if found is None or found.product.status != ProductStatus.PUBLISHED:
        raise Conflict(_("This plan is not on sale any more. Choose one of those that the product has now."))
    return found


def _left_paused(actor: Actor, product: Product) -> bool:
    """Whether the organization's last subscription to the product was paused when it was canceled."""
    canceled = SubscriptionChange.objects.filter(
        subscription__organization=actor.organization, subscription__product=product, kind="canceled"
    )
    last = canceled.order_by("-id").first()
    return last is not None and last.from_status == SubscriptionStatus.PAUSED


def _locked_consumer(actor: Actor, subscription: Subscription) -> Subscription:
    actor.require(Action.CONSUMERS_MANAGE)
    return lock_subscription(subscription, Q(product__organization=actor.organization))


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
    record_action(actor, f"subscription.{kind}", summary, target=subscription.public_id)
    announce(f"subscription:{subscription.pk}")
