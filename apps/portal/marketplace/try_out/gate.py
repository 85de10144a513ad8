"""Who may try an endpoint out, and what the others need first."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum, auto

from django.contrib.auth.models import AnonymousUser

from apps.accounts.models import User
from apps.accounts.permissions import Action, allows
from apps.accounts.selectors import list_memberships_of
from apps.products.models import Endpoint
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription


class Lock(StrEnum):
    """Why an endpoint cannot be tried out, the nearest to being opened last."""

    SIGNED_OUT = auto()
    NOT_SUBSCRIBED = auto()
    INACTIVE = auto()  # a subscription whose keys the gateway refuses
    ROLE = auto()  # a role that carries no keys
    PLAN = auto()  # a plan below the endpoint's tier


@dataclass(frozen=True)
class Gate:
    """`subscriptions` are those to call with; where there are none, `lock` says why, of the subscription `held`."""

    subscriptions: tuple[Subscription, ...] = ()
    lock: Lock | None = None
    held: Subscription | None = None

    @property
    def is_open(self) -> bool:
        return bool(self.subscriptions)


def gate(user: User | AnonymousUser, endpoint: Endpoint, subscriptions: Iterable[Subscription]) -> Gate:
    """`subscriptions` are the person's live ones to the product, with their plans' tiers."""
    if not user.is_authenticated:
        return Gate(lock=Lock.SIGNED_OUT)
    roles = {membership.organization_id: membership.role for membership in list_memberships_of(user)}
    found = [(_lock(one, endpoint, roles.get(one.organization_id, "")), one) for one in subscriptions]
    usable = tuple(subscription for lock, subscription in found if lock is None)
    if usable or not found:
        return Gate(usable) if usable else Gate(lock=Lock.NOT_SUBSCRIBED)
    order = list(Lock)
    lock, held = max(found, key=lambda pair: order.index(pair[0]) if pair[0] else -1)
    return Gate(lock=lock, held=held)


def _lock(subscription: Subscription, endpoint: Endpoint, role: str) -> Lock | None:
    if subscription.status not in SubscriptionStatus.callable():
        return Lock.INACTIVE
    if not role or not allows(role, Action.KEYS_MANAGE):
        return Lock.ROLE
    return Lock.PLAN if subscription.plan.tier.rank < endpoint.tier.rank else None
