"""Reads of keys. The secret is in none of them: it is not stored."""

import datetime as dt

from django.db.models import F, Q, QuerySet

from apps.core.rows import first_or_not_found
from apps.keys.enums import KeyPurpose
from apps.keys.expiry import THRESHOLDS
from apps.keys.models import ApiKey
from apps.keys.secret import digest, is_well_formed, signing_secret
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription


def list_keys(subscription: Subscription) -> QuerySet[ApiKey]:
    """The keys of a subscription that the caller fetched for its actor: those not revoked first, newest at the top.

    Those that the portal calls with for somebody are not among them.
    """
    return (
        ApiKey.objects.filter(subscription=subscription, purpose=KeyPurpose.PROGRAM)
        .select_related("created_by", "rotated_from", "rotated_to")
        .defer("digest", "rotated_from__digest", "rotated_to__digest")
        .order_by(F("revoked_at").desc(nulls_first=True), "-created_at", "-id")
    )


def get_key(subscription: Subscription, *, public_id: str) -> ApiKey:
    """A key of the subscription. Raises `NotFound`."""
    return first_or_not_found(list_keys(subscription).filter(public_id=public_id))


def find_signing_secret(key: ApiKey) -> str | None:
    """What calls of a key that was just made are signed with, to be shown with it; None where calls are not signed.

    Later it is `services.reveal_signing_secret` that shows it, which writes down who asked.
    """
    return signing_secret(key.public_id) if key.subscription.product.requires_signature else None


def find_key(secret: str) -> ApiKey | None:
    """The key with this secret, whatever its state, with its subscription, product and plan."""
    if not is_well_formed(secret):
        return None
    return (
        ApiKey.objects.filter(digest=digest(secret))
        .select_related("subscription__product", "subscription__plan__tier")
        .prefetch_related("subscription__plan__quotas__price_tiers")
        .first()
    )


def list_expiring(now: dt.datetime) -> QuerySet[ApiKey]:
    """Keys whose end is near and has not been announced for the threshold that has passed.

    A key that was rotated ends because somebody chose so, and is left out.
    """
    due = Q()
    for days in THRESHOLDS:
        unannounced = Q(expiry_announced_days=None) | Q(expiry_announced_days__gt=days)
        due |= unannounced & Q(expires_at__lte=now + dt.timedelta(days=days))
    live = SubscriptionStatus.live()
    return (
        ApiKey.objects.filter(due, expires_at__gt=now, revoked_at=None, purpose=KeyPurpose.PROGRAM, rotated_to=None)
        .filter(subscription__status__in=live)
        .select_related("subscription__organization", "subscription__product")
        .defer("digest")
        .order_by("expires_at", "id")
    )
