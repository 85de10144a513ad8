"""Reads of keys. The secret is in none of them: it is not stored."""

from django.db.models import QuerySet

from apps.core.errors import NotFound
from apps.keys.models import ApiKey
from apps.subscriptions.models import Subscription


def list_keys(subscription: Subscription) -> QuerySet[ApiKey]:
    """The keys of a subscription that the caller fetched for its actor: working ones first, then the newest."""
    return (
        ApiKey.objects.filter(subscription=subscription)
        .select_related("created_by")
        .defer("digest")
        .order_by("revoked_at", "-created_at", "-id")
    )


def get_key(subscription: Subscription, *, public_id: str) -> ApiKey:
    key = list_keys(subscription).filter(public_id=public_id).first()
    if key is None:
        raise NotFound
    return key
