"""Reads of keys. The secret is in none of them: it is not stored."""

from django.db.models import F, QuerySet

from apps.core.rows import first_or_not_found
from apps.keys.models import ApiKey
from apps.subscriptions.models import Subscription


def list_keys(subscription: Subscription) -> QuerySet[ApiKey]:
    """The keys of a subscription that the caller fetched for its actor: those not revoked first, newest at the top."""
    return (
        ApiKey.objects.filter(subscription=subscription)
        .select_related("created_by")
        .defer("digest")
        .order_by(F("revoked_at").desc(nulls_first=True), "-created_at", "-id")
    )


def get_key(subscription: Subscription, *, public_id: str) -> ApiKey:
    """A key of the subscription. Raises `NotFound`."""
    return first_or_not_found(list_keys(subscription).filter(public_id=public_id))
