"""Writes of keys: create, change, rotate, revoke, issue. A change is live in the gateway within seconds."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action, record_event
from apps.accounts.models import User
from apps.accounts.permissions import Action
from apps.accounts.staff import checked_reason, require_staff
from apps.core import clock
from apps.core.changes import announce
from apps.core.errors import Conflict, Invalid
from apps.core.networks import check_networks
from apps.core.rows import first_or_not_found
from apps.core.secrets import NewSecret
from apps.core.values import check_line
from apps.keys import secret
from apps.keys.enums import KeyMode, KeyPurpose
from apps.keys.expiry import past_thresholds
from apps.keys.models import ApiKey
from apps.keys.restrictions import check_scopes
from apps.keys.selectors import list_expiring
from apps.notifications.services import notify
from apps.products.hosting import is_hosting
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.locks import lock_subscription
from apps.subscriptions.models import Subscription

KEYS_MAX = 50
NAME_MAX = 60
OVERLAP_MAX = dt.timedelta(days=7)
# Of a key for calls from the documentation; one with less than the spare time left is made anew.
TRY_OUT_LIFETIME = dt.timedelta(minutes=10)
TRY_OUT_SPARE = dt.timedelta(minutes=1)
TRY_OUT_NAME = "Try it out"
LIFETIME_MAX = dt.timedelta(days=10 * 365)


@transaction.atomic
def create_key(
    *,
    actor: Actor,
    subscription: Subscription,
    name: str,
    mode: str = KeyMode.LIVE,
    expires_at: dt.datetime | None = None,
    lifetime: dt.timedelta | None = None,
    scopes: Sequence[str] = (),
    allowed_networks: Sequence[str] = (),
) -> tuple[ApiKey, str]:
    """A new key and its secret, which cannot be had a second time. Raises `Invalid` or `Conflict`.

    It ends at `expires_at`, or after `lifetime`; without either, never. `scopes` are values of `KeyScope`,
    `allowed_networks` addresses and CIDR texts; none of them restricts nothing.
    """
    actor.require(Action.KEYS_MANAGE)
    subscription = lock_subscription(subscription, Q(organization=actor.organization))
    _check_open(subscription)
    now = clock.now()
    key = ApiKey(
        subscription=subscription,
        name=check_line(name, field="name", longest=NAME_MAX),
        mode=_check_mode(mode),
        scopes=check_scopes(scopes, field="scopes"),
        allowed_networks=check_networks(allowed_networks, field="allowed_networks"),
        expires_at=_end(now, expires_at, lifetime),
        lifetime=lifetime,
        created_by=actor.user,
    )
    _check_number(subscription, now)
    made = _store(key, now)
    _record(actor, key, "key.created", f"Created the key {key.name} ({key}) for {subscription.product.name}")
    return key, made.secret


@transaction.atomic
def rotate_key(*, actor: Actor, key: ApiKey, overlap: dt.timedelta) -> tuple[ApiKey, str]:
    """A key with the same name, mode, restrictions and rule of expiry, and its secret.

    The old one works until the overlap (up to 7 days; 0: it ends at once) is over.

    Raises `Conflict` for a key that does not work any more or was rotated already, `Invalid` for another overlap.
    """
    actor.require(Action.KEYS_MANAGE)
    subscription = lock_subscription(key.subscription, Q(organization=actor.organization))
    old = _get_program_key(subscription, key)
    if not isinstance(overlap, dt.timedelta) or not dt.timedelta() <= overlap <= OVERLAP_MAX:
        raise Invalid(_("The old key may go on for up to 7 days."), field="overlap")
    now = clock.now()
    _check_open(subscription)
    _check_can_be_rotated(old, now)
    ends_at = now + overlap
    new = ApiKey(
        subscription=subscription,
        name=old.name,
        mode=KeyMode(old.mode),
        scopes=old.scopes,
        allowed_networks=old.allowed_networks,
        expires_at=_end(now, None if old.lifetime else old.expires_at, old.lifetime),
        lifetime=old.lifetime,
        created_by=actor.user,
        rotated_from=old,
    )
    old.expires_at = ends_at if old.expires_at is None else min(old.expires_at, ends_at)
    old.save(update_fields=["expires_at"])
    _check_number(subscription, now)
    made = _store(new, now)
    announce(f"key:{old.pk}")
    summary = f"Rotated the key {old.name} ({old}) of {subscription.product.name}; the new one is {new}"
    _record(actor, new, "key.rotated", summary)
    return new, made.secret


@transaction.atomic
def change_key(
    *, actor: Actor, key: ApiKey, name: str | None = None, allowed_networks: Sequence[str] | None = None
) -> ApiKey:
    """Give a key another name, or let it work from other networks (none: from anywhere). Raises `Invalid`."""
    actor.require(Action.KEYS_MANAGE)
    subscription = lock_subscription(key.subscription, Q(organization=actor.organization))
    key = _get_program_key(subscription, key)
    old_name, old_networks = key.name, key.allowed_networks
    if name is not None:
        key.name = check_line(name, field="name", longest=NAME_MAX)
    if allowed_networks is not None:
        key.allowed_networks = check_networks(allowed_networks, field="allowed_networks")
    key.save(update_fields=["name", "allowed_networks"])
    if key.name != old_name:
        record_action(actor, "key.renamed", f"Renamed the key {old_name} ({key}) to {key.name}", target=key.public_id)
    if key.allowed_networks != old_networks:
        places = ", ".join(key.allowed_networks) or "anywhere"
        _record(actor, key, "key.networks_changed", f"Let the key {key.name} ({key}) work from {places}")
    return key


@transaction.atomic
def revoke_key(*, actor: Actor, key: ApiKey) -> ApiKey:
    """End a key for good. Revoking twice is no error."""
    actor.require(Action.KEYS_MANAGE)
    subscription = lock_subscription(key.subscription, Q(organization=actor.organization))
    key = _get_program_key(subscription, key)
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        key.save(update_fields=["revoked_at"])
        _record(actor, key, "key.revoked", f"Revoked the key {key.name} ({key}) of {subscription.product.name}")
    return key


@transaction.atomic
def reveal_signing_secret(*, actor: Actor, key: ApiKey) -> str:
    """What calls of the key are signed with, where its product wants that. Raises `Conflict` for an ended key."""
    actor.require(Action.KEYS_MANAGE)
    subscription = lock_subscription(key.subscription, Q(organization=actor.organization))
    key = _get_program_key(subscription, key)
    if not key.works_at(clock.now()):
        raise Conflict(_("This key does not work any more, so nothing is signed for it."))
    record_action(
        actor, "key.signing_secret_shown", f"Looked at the signing secret of the key {key.name} ({key})",
        target=key.public_id,
    )  # fmt: skip
    return secret.signing_secret(key.public_id)


@transaction.atomic
def issue_try_out_key(*, actor: Actor, subscription: Subscription, mode: str = KeyMode.LIVE) -> str:
    """The secret of the actor's own key for calls from the documentation; it lives for ten minutes.

    There is one for each person, subscription and mode, used again while it lasts and then made anew under the same
    row, so that usage has one key to name. The secret is derived and kept nowhere. Raises `Conflict` or `Invalid`.
    """
    actor.require(Action.KEYS_MANAGE)
    subscription = lock_subscription(subscription, Q(organization=actor.organization))
    _check_open(subscription)
    mode = _check_mode(mode)
    now = clock.now()
    owned = {"subscription": subscription, "created_by": actor.user, "mode": mode, "purpose": KeyPurpose.TRY_OUT}
    key = ApiKey.objects.filter(**owned, revoked_at=None).first() or ApiKey(**owned, name=TRY_OUT_NAME)
    if key.expires_at is None or key.expires_at - now < TRY_OUT_SPARE:
        key.expires_at = now + TRY_OUT_LIFETIME
        made = _derived(key)
        key.prefix, key.last4, key.digest = made.prefix, made.last4, made.digest
        key.save()
        _record(actor, key, "key.issued", f"Issued a key for trying out {subscription.product.name} ({key})")
    return _derived(key).secret


def announce_expiring_keys() -> int:
    """Tell whoever manages the keys of an organization which end within 7 days, and again within 1 day: once each.

    Returns how many keys were announced.
    """
    now = clock.now()
    return sum(_announce_end(key, now) for key in list_expiring(now))


@transaction.atomic
def _announce_end(key: ApiKey, now: dt.datetime) -> bool:
    """Whether it was this call that announced the end: another process may have been first."""
    assert key.expires_at is not None
    days = past_thresholds(key.expires_at, now)
    before = key.expiry_announced_days
    if not ApiKey.objects.filter(pk=key.pk, expiry_announced_days=before).update(expiry_announced_days=days):
        return False
    organization, product = key.subscription.organization, key.subscription.product
    words = {"key": key.name, "product": product.name, "at": date_format(key.expires_at, "j F Y, H:i")}
    notify(
        organization=organization,
        kind="key.expiring",
        title=_("The key “%(key)s” for %(product)s expires soon") % words,
        body=_("It stops working on %(at)s UTC. Rotate it, and put the new key in its place before then.") % words,
        url=f"/o/{organization.slug}/subscriptions/{key.subscription.public_id}/keys/{key.public_id}/",
        action=Action.KEYS_MANAGE,
    )
    return True


def _derived(key: ApiKey) -> NewSecret:
    assert key.expires_at is not None
    until = key.expires_at.astimezone(dt.UTC).isoformat()
    return secret.derive(KeyMode(key.mode), f"{key.subscription_id}:{key.created_by_id}:{key.mode}:{until}")


def _check_mode(mode: str) -> KeyMode:
    """Raises `Invalid`."""
    if mode not in KeyMode.values:
        raise Invalid(_("A key is for live or for test."), field="mode")
    return KeyMode(mode)


def _get_program_key(subscription: Subscription, key: ApiKey) -> ApiKey:
    return first_or_not_found(subscription.api_keys.filter(pk=key.pk, purpose=KeyPurpose.PROGRAM))


def _check_open(subscription: Subscription) -> None:
    if subscription.status == SubscriptionStatus.CANCELED:
        raise Conflict(_("This subscription is canceled: it cannot have new keys. Subscribe again."))
    if is_hosting(subscription.product):
        raise Conflict(_("Hosting is not called, so it has no keys."))


def _check_can_be_rotated(key: ApiKey, now: dt.datetime) -> None:
    if key.is_revoked:
        raise Conflict(_("This key is revoked, so it cannot be rotated. Create a new one."))
    if ApiKey.objects.filter(rotated_from=key).exists():
        raise Conflict(_("This key was rotated already. Rotate the one that took its place."))
    if not key.works_at(now):
        raise Conflict(_("This key has expired, so it cannot be rotated. Create a new one."))


def _check_number(subscription: Subscription, now: dt.datetime) -> None:
    """There is room for one more key that works; old ones in their overlap count."""
    working = subscription.api_keys.filter(
        Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None, purpose=KeyPurpose.PROGRAM
    )
    if working.count() >= KEYS_MAX:
        raise Conflict(
            _("A subscription has %(most)d working keys at most. Revoke one, or rotate one without an overlap.")
            % {"most": KEYS_MAX}
        )


def _end(now: dt.datetime, expires_at: dt.datetime | None, lifetime: dt.timedelta | None) -> dt.datetime | None:
    if lifetime is not None:
        if expires_at is not None:
            raise Invalid(_("Give a date or a lifetime, not both."), field="lifetime")
        if not dt.timedelta() < lifetime <= LIFETIME_MAX:
            raise Invalid(_("A key lives for up to ten years."), field="lifetime")
        return now + lifetime
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now):
        raise Invalid(_("A key expires at a time in the future."), field="expires_at")
    return expires_at


def _store(key: ApiKey, now: dt.datetime) -> NewSecret:
    made = secret.generate(KeyMode(key.mode))
    key.prefix, key.last4, key.digest = made.prefix, made.last4, made.digest
    key.expiry_announced_days = past_thresholds(key.expires_at, now)
    key.save()
    return made


def _record(actor: Actor, key: ApiKey, action: str, summary: str) -> None:
    record_action(actor, action, summary, target=key.public_id)
    announce(f"key:{key.pk}")


@transaction.atomic
def revoke_key_by_staff(*, staff: User, key: ApiKey, reason: str) -> ApiKey:
    """End a key of any organization for good (it has leaked, say), and tell them. Raises `Conflict` the second time."""
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
    notify(
        organization=subscription.organization,
        kind="key.revoked",
        title=f"A key for {subscription.product.name} was revoked",
        body=f"The platform's staff have revoked the key {key.name} ({key}). Their reason: {reason}",
        url=f"/o/{subscription.organization.slug}/subscriptions/{subscription.public_id}/keys/",
        action=Action.KEYS_MANAGE,
    )
    return key
