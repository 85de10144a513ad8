"""Writes of keys: create, revoke. A change is live in the gateway within seconds."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action, record_event
from apps.accounts.models import User
from apps.accounts.permissions import Action
from apps.accounts.staff import checked_reason, require_staff
from apps.core import clock
from apps.core.changes import announce
from apps.core.errors import Conflict, Invalid
from apps.core.rows import first_or_not_found
from apps.core.values import check_line
from apps.keys import secret
from apps.keys.models import ApiKey
from apps.keys.restrictions import check_networks, check_scopes
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.locks import lock_subscription
from apps.subscriptions.models import Subscription

KEYS_MAX = 50


@transaction.atomic
def create_key(
    *,
    actor: Actor,
    subscription: Subscription,
    name: str,
    expires_at: dt.datetime | None = None,
    scopes: Sequence[str] = (),
    allowed_networks: Sequence[str] = (),
) -> tuple[ApiKey, str]:
    """A new key and its secret, which cannot be had a second time. Raises `Invalid` or `Conflict`.

    `scopes` are values of `KeyScope`, `allowed_networks` addresses and CIDR texts; none of them restricts nothing.
    """
    actor.require(Action.KEYS_MANAGE)
    subscription = lock_subscription(subscription, Q(organization=actor.organization))
    if subscription.status == SubscriptionStatus.CANCELED:
        raise Conflict(_("This subscription is canceled: it cannot have new keys. Subscribe again."))
    name = check_line(name, field="name", longest=60)
    scopes = check_scopes(scopes, field="scopes")
    allowed_networks = check_networks(allowed_networks, field="allowed_networks")
    now = clock.now()
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now):
        raise Invalid(_("A key expires at a time in the future."), field="expires_at")
    working = subscription.api_keys.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)
    if working.count() >= KEYS_MAX:
        raise Conflict(_("A subscription has %(most)d working keys at most. Revoke one first.") % {"most": KEYS_MAX})
    made = secret.generate()
    key = ApiKey.objects.create(
        subscription=subscription,
        name=name,
        prefix=made.prefix,
        last4=made.last4,
        digest=made.digest,
        expires_at=expires_at,
        scopes=scopes,
        allowed_networks=allowed_networks,
        created_by=actor.user,
    )
    _record(actor, key, "key.created", f"Created the key {key.name} ({key}) for {subscription.product.name}")
    return key, made.secret


@transaction.atomic
def revoke_key(*, actor: Actor, key: ApiKey) -> ApiKey:
    """End a key for good. Revoking twice is no error."""
    actor.require(Action.KEYS_MANAGE)
    subscription = lock_subscription(key.subscription, Q(organization=actor.organization))
    key = first_or_not_found(subscription.api_keys.filter(pk=key.pk))
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        key.save(update_fields=["revoked_at"])
        _record(actor, key, "key.revoked", f"Revoked the key {key.name} ({key}) of {subscription.product.name}")
    return key


def _record(actor: Actor, key: ApiKey, action: str, summary: str) -> None:
    record_action(actor, action, summary, target=key.public_id)
    announce(f"key:{key.pk}")


@transaction.atomic
def revoke_key_by_staff(*, staff: User, key: ApiKey, reason: str) -> ApiKey:
    """End a key of any organization for good (it has leaked, say). Raises `Conflict` where it is revoked already."""
    require_staff(staff, "keys.change_apikey")
    reason = checked_reason(reason)
    subscription = lock_subscription(key.subscription, Q())
    key = first_or_not_found(subscription.api_keys.filter(pk=key.pk))
    if key.revoked_at is not None:
        raise Conflict(_("This key is revoked already."))
    key.revoked_at = clock.now()
    key.save(update_fields=["revoked_at"])
    record_event(
        organization=subscription.organization,
        actor=staff,
        action="key.revoked",
        target=key.public_id,
        summary=f"Staff revoked the key {key.name} ({key}) of {subscription.product.name}: {reason}",
    )
    announce(f"key:{key.pk}")
    return key
