"""Organizations that may not have a product any more."""

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_event
from apps.accounts.models import Organization, User
from apps.accounts.permissions import Action
from apps.accounts.staff import checked_reason, require_staff
from apps.core import clock
from apps.core.errors import Conflict
from apps.core.values import check_line
from apps.products.models import Product
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.errors import ConsumerBanned
from apps.subscriptions.locks import lock_product_of_sale, lock_subscription
from apps.subscriptions.models import ConsumerBan, Subscription
from apps.subscriptions.services.notices import tell_consumer_of_ban
from apps.subscriptions.services.writing import move


@transaction.atomic
def ban_consumer(*, actor: Actor, subscription: Subscription, reason: str = "") -> Subscription:
    """Cancel the subscription to the actor's product, and let its organization never subscribe again until lifted.

    `reason` is told to them. Raises `Conflict` where they are banned already.
    """
    actor.require(Action.CONSUMERS_MANAGE)
    reason = check_line(reason, field="reason", shortest=0, longest=300)
    return _ban(subscription, Q(product__organization=actor.organization), reason, actor=actor)


@transaction.atomic
def lift_ban(*, actor: Actor, subscription: Subscription) -> Subscription:
    """Let the organization of this subscription subscribe to the actor's product again; nothing else comes back."""
    actor.require(Action.CONSUMERS_MANAGE)
    return _lift(subscription, Q(product__organization=actor.organization), actor=actor)


@transaction.atomic
def ban_consumer_by_staff(*, staff: User, subscription: Subscription, reason: str) -> Subscription:
    """The same for any product."""
    require_staff(staff, "subscriptions.change_subscription")
    return _ban(subscription, Q(), checked_reason(reason), staff=staff)


@transaction.atomic
def lift_ban_by_staff(*, staff: User, subscription: Subscription, reason: str) -> Subscription:
    """The same for any product."""
    require_staff(staff, "subscriptions.change_subscription")
    return _lift(subscription, Q(), staff=staff, reason=checked_reason(reason))


def check_not_banned(organization: Organization, product: Product) -> None:
    """Raises `ConsumerBanned`. The caller has locked the product, as does who bans."""
    if ConsumerBan.objects.running().filter(organization=organization, product=product).exists():
        raise ConsumerBanned


def _ban(
    subscription: Subscription, owned: Q, reason: str, *, actor: Actor | None = None, staff: User | None = None
) -> Subscription:
    lock_product_of_sale(subscription.product_id)  # so that nobody subscribes meanwhile
    subscription = lock_subscription(subscription, owned)
    person = actor.user if actor else staff
    try:
        with transaction.atomic():
            ConsumerBan.objects.create(
                product=subscription.product,
                organization=subscription.organization,
                reason=reason,
                banned_at=clock.now(),
                banned_by=person,
            )
    except IntegrityError:
        raise Conflict(_("This consumer is banned already.")) from None
    summary = f"Banned {subscription.organization.name} from {subscription.product.name}: {reason or 'no reason given'}"
    _record(subscription, "consumer.banned", summary, actor, staff)
    if subscription.status != SubscriptionStatus.CANCELED:
        subscription = move(actor, subscription, SubscriptionStatus.CANCELED, "banned", summary, staff=staff)
    tell_consumer_of_ban(subscription, reason)
    return subscription


def _lift(
    subscription: Subscription,
    owned: Q,
    *,
    actor: Actor | None = None,
    staff: User | None = None,
    reason: str = "",
) -> Subscription:
    lock_product_of_sale(subscription.product_id)
    subscription = lock_subscription(subscription, owned)
    running = ConsumerBan.objects.running().filter(organization=subscription.organization, product=subscription.product)
    if not running.update(lifted_at=clock.now(), lifted_by=actor.user if actor else staff):
        raise Conflict(_("This consumer is not banned."))
    summary = f"Lifted the ban of {subscription.organization.name} from {subscription.product.name}"
    _record(subscription, "consumer.ban_lifted", f"{summary}: {reason}" if reason else summary, actor, staff)
    return subscription


def _record(subscription: Subscription, action: str, summary: str, actor: Actor | None, staff: User | None) -> None:
    record_event(
        organization=subscription.product.organization,
        actor=actor.user if actor else staff,
        action=action,
        target=subscription.public_id,
        summary=summary,
    )
