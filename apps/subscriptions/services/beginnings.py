"""How a subscription begins: asked for, approved, paid, or given up before it was."""

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.models import Organization
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.errors import Conflict
from apps.plans.models import Plan
from apps.plans.selectors import is_granted
from apps.products.models import Product
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription, SubscriptionChange
from apps.subscriptions.overage import OverageChoice, check_card, choice_by_default
from apps.subscriptions.selectors import has_trial
from apps.subscriptions.services.bans import check_not_banned
from apps.subscriptions.services.notices import (
    tell_consumer_of_approval,
    tell_consumer_of_refusal,
    tell_creator_of_beginning,
    tell_creator_of_request,
)
from apps.subscriptions.services.writing import (
    begin_period,
    begin_trial,
    lock_any,
    lock_consumer,
    lock_plan_on_sale,
    move,
    record,
)


@transaction.atomic
def subscribe(*, actor: Actor, plan: Plan, overage: OverageChoice | None = None) -> Subscription:
    """Subscribe the actor's organization to a plan that is on sale for it. Raises `Conflict` where that cannot be.

    A free plan is active at once, and so is a trial; a paid plan is incomplete until its first invoice is paid, or the
    card named that its trial needs. Without `overage` extra units pass only where the plan is nothing else; for one
    without a price there must be a card (`CardNeeded`). Where the creator approves each subscription, and where they
    paused the organization's last one, it waits for them first: canceling is no way out of a pause. A grant of the plan
    is an approval given in advance. Who is banned gets `ConsumerBanned`.
    """
    actor.require(Action.SUBSCRIPTIONS_MANAGE)
    plan = lock_plan_on_sale(actor, plan)
    organization, now = actor.organization, clock.now()
    check_not_banned(organization, plan.product)
    overage = overage or choice_by_default(plan)
    overage.check()
    check_card(organization, plan, overage_allowed=overage.allowed)
    subscription = Subscription(
        organization=organization, product=plan.product, plan=plan, started_at=now, anchored_at=now,
        created_by=actor.user, overage_allowed=overage.allowed, spend_cap_amount=overage.spend_cap_amount,
    )  # fmt: skip
    needs_approval = plan.requires_approval and not is_granted(organization, plan)
    if needs_approval or was_paused(organization, plan.product):
        subscription.status = SubscriptionStatus.PENDING_APPROVAL
    else:
        _begin(subscription, now)
    try:
        with transaction.atomic():
            subscription.save()
    except IntegrityError:
        raise Conflict(
            _("%(organization)s has a subscription to %(product)s already.")
            % {"organization": organization.name, "product": plan.product.name}
        ) from None
    record(actor, subscription, "started", "", f"Subscribed to {plan.product.name}, plan {plan.name}")
    if subscription.status == SubscriptionStatus.PENDING_APPROVAL:
        tell_creator_of_request(subscription)
    return subscription


@transaction.atomic
def approve_consumer(*, actor: Actor, subscription: Subscription) -> Subscription:
    """Let a consumer who asked for it subscribe: active under a free plan, else incomplete until they have paid."""
    subscription = lock_consumer(actor, subscription)
    if subscription.status != SubscriptionStatus.PENDING_APPROVAL:
        raise Conflict(_("This subscription does not wait for an approval."))
    now, previous = clock.now(), subscription.status
    subscription.started_at = now
    _begin(subscription, now)
    subscription.save()
    record(actor, subscription, "approved", previous, f"Approved the subscription of {subscription.organization.name}")
    tell_consumer_of_approval(subscription)
    return subscription


@transaction.atomic
def decline_consumer(*, actor: Actor, subscription: Subscription) -> Subscription:
    """Refuse a consumer who asked to subscribe."""
    subscription = lock_consumer(actor, subscription)
    if subscription.status != SubscriptionStatus.PENDING_APPROVAL:
        raise Conflict(_("This subscription does not wait for an approval."))
    summary = f"Declined the subscription of {subscription.organization.name}"
    subscription = move(actor, subscription, SubscriptionStatus.CANCELED, "declined", summary)
    tell_consumer_of_refusal(subscription)
    return subscription


@transaction.atomic
def activate(*, subscription: Subscription, at: dt.datetime) -> Subscription:
    """Begin an incomplete subscription: its first invoice is paid. Raises `Conflict` for any other."""
    subscription = lock_any(subscription)
    if subscription.status != SubscriptionStatus.INCOMPLETE:
        raise Conflict(_("This subscription does not wait for a payment."))
    subscription.started_at = at
    begin_period(subscription, at)
    summary = f"Activated the subscription to {subscription.product.name}"
    subscription = move(None, subscription, SubscriptionStatus.ACTIVE, "activated", summary, at=at)
    tell_creator_of_beginning(subscription)
    return subscription


@transaction.atomic
def activate_trial(*, subscription: Subscription, at: dt.datetime) -> Subscription:
    """Begin the trial of an incomplete subscription: its card is known. Raises `Conflict` for any other."""
    subscription = lock_any(subscription)
    if subscription.status != SubscriptionStatus.INCOMPLETE or not has_trial(
        subscription.organization, subscription.plan
    ):
        raise Conflict(_("This subscription does not wait for a trial."))
    subscription.started_at = at
    begin_trial(subscription, at)
    subscription.status = SubscriptionStatus.INCOMPLETE  # `move` says where it comes from
    summary = f"Began the trial of {subscription.product.name}"
    return move(None, subscription, SubscriptionStatus.TRIALING, "trial_begun", summary, at=at)


@transaction.atomic
def abandon(*, subscription: Subscription) -> Subscription:
    """End a subscription that has not begun, as nobody paid or approved it. Raises `Conflict` for any other."""
    subscription = lock_any(subscription)
    if subscription.status in SubscriptionStatus.begun():
        raise Conflict(_("This subscription has begun already."))
    summary = f"Gave up the subscription to {subscription.product.name}"
    return move(None, subscription, SubscriptionStatus.CANCELED, "abandoned", summary)


def _begin(subscription: Subscription, at: dt.datetime) -> None:
    """Let it be active, or on trial, where there is nothing to pay; else wait for the first payment, or the card."""
    plan = subscription.plan
    if plan.is_free:
        subscription.status = SubscriptionStatus.ACTIVE
        begin_period(subscription, at)
    elif not plan.trial_requires_card and has_trial(subscription.organization, plan):
        begin_trial(subscription, at)
    else:
        subscription.status = SubscriptionStatus.INCOMPLETE


def was_paused(organization: Organization, product: Product) -> bool:
    """Whether the creator paused the organization, and neither resumed nor approved it since."""
    decisions = SubscriptionChange.objects.filter(
        subscription__organization=organization,
        subscription__product=product,
        kind__in=["paused", "resumed", "approved"],
    )
    last = decisions.order_by("-id").first()
    return last is not None and last.kind == "paused"
