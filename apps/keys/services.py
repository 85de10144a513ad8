"""Writes of keys: create, revoke. A change is live in the gateway within seconds."""

import datetime as dt

from django.db import transaction

from apps.accounts.access import Actor
from apps.accounts.audit import record_event
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.changes import announce
from apps.core.errors import Conflict, Invalid, NotFound
from apps.keys import secret
from apps.keys.models import ApiKey
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription

KEYS_MAX = 50


@transaction.atomic
def create_key(
    *, actor: Actor, subscription: Subscription, name: str, expires_at: dt.datetime | None = None
) -> tuple[ApiKey, str]:
    """A new key and its secret, which cannot be had a second time. Raises `Invalid` or `Conflict`."""
    actor.require(Action.KEYS_MANAGE)
    subscription = _locked(actor, subscription)
    if subscription.status == SubscriptionStatus.CANCELED:
        raise Conflict("This subscription is canceled: it cannot have new keys.")
    name = " ".join(name.split())
    if not 1 <= len(name) <= 60 or not name.isprintable():
        raise Invalid("Give a name of 1 to 60 characters, such as “production”.", field="name")
    if expires_at is not None and expires_at <= clock.now():
        raise Invalid("A key expires in the future.", field="expires_at")
    working = subscription.api_keys.filter(revoked_at__isnull=True)
    if working.count() >= KEYS_MAX:
        raise Conflict(f"A subscription has {KEYS_MAX} working keys at most. Revoke one first.")
    made = secret.generate()
    key = ApiKey.objects.create(
        subscription=subscription,
        name=name,
        prefix=made.prefix,
        last4=made.last4,
        digest=made.digest,
        expires_at=expires_at,
        created_by=actor.user,
    )
    _record(actor, key, "key.created", f"Created the key {key.name} ({key}) for {subscription.product.name}")
    return key, made.secret


@transaction.atomic
def revoke_key(*, actor: Actor, key: ApiKey) -> ApiKey:
    """End a key for good. Revoking twice is no error."""
    actor.require(Action.KEYS_MANAGE)
    subscription = _locked(actor, key.subscription)
    key = ApiKey.objects.select_for_update(of=("self",)).get(pk=key.pk, subscription=subscription)
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        key.save(update_fields=["revoked_at"])
        _record(actor, key, "key.revoked", f"Revoked the key {key.name} ({key}) of {subscription.product.name}")
    return key


def _locked(actor: Actor, subscription: Subscription) -> Subscription:
    found = (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("product")
        .filter(pk=subscription.pk, organization=actor.organization)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def _record(actor: Actor, key: ApiKey, action: str, summary: str) -> None:
    record_event(
        organization=actor.organization, actor=actor.user, action=action, target=key.public_id, summary=summary
    )
    announce(f"key:{key.pk}")
