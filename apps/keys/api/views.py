"""The keys of one's subscriptions."""

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.core.rest.fields import Empty
from apps.core.rest.operations import operation
from apps.keys import selectors, services
from apps.keys.api.serializers import (
    KeyChange,
    KeyInput,
    KeySerializer,
    NewKeySerializer,
    RotationInput,
    SigningSecretSerializer,
)
from apps.keys.models import ApiKey
from apps.subscriptions.models import Subscription
from apps.subscriptions.selectors import get_subscription

TAG = "Keys"
SHOWN_ONCE = (
    "The key itself is shown this once. Where the product takes signed calls only (RFC 9421, HMAC-SHA256), the secret "
    "to sign with comes along; `POST …/signing-secret` shows that again."
)
READ, WRITE = TokenScope.KEYS_READ, TokenScope.KEYS_WRITE


class SubscriptionKeysView(OrganizationView):
    @property
    def subscription(self) -> Subscription:
        return get_subscription(self.actor, public_id=self.kwargs["subscription_id"])

    @property
    def key(self) -> ApiKey:
        return selectors.get_key(self.subscription, public_id=self.kwargs["key_id"])


def _shown_once(key: ApiKey, secret: str) -> dict[str, Any]:
    return {"key": key, "secret": secret, "signing_secret": selectors.find_signing_secret(key)}


class KeysView(SubscriptionKeysView):
    @operation(
        "listKeys", "List the keys of a subscription", tag=TAG, scope=READ,
        answer=KeySerializer, ordering=("-created_at", "-id"),
    )  # fmt: skip
    def get(self, request: Request, subscription_id: str) -> QuerySet[ApiKey]:
        return selectors.list_keys(self.subscription)

    @operation(
        "createKey", "Make a key", tag=TAG, scope=WRITE, description=SHOWN_ONCE,
        body=KeyInput, answer=NewKeySerializer, status=201, secrets=["secret", "signing_secret"],
        examples={"request": {"name": "production", "mode": "live", "scopes": ["read"]}},
    )  # fmt: skip
    def post(self, request: Request, subscription_id: str) -> dict[str, Any]:
        key, secret = services.create_key(actor=self.actor, subscription=self.subscription, **self.body)
        return _shown_once(key, secret)


class KeyDetailView(SubscriptionKeysView):
    @operation("getKey", "Show a key", tag=TAG, scope=READ, answer=KeySerializer)
    def get(self, request: Request, subscription_id: str, key_id: str) -> ApiKey:
        return self.key

    @operation(
        "updateKey", "Change the name or the networks of a key", tag=TAG, scope=WRITE,
        description="Live in the gateway within 5 seconds. Mode and scopes are fixed: another choice is another key.",
        body=KeyChange, answer=KeySerializer,
    )  # fmt: skip
    def patch(self, request: Request, subscription_id: str, key_id: str) -> ApiKey:
        return services.change_key(actor=self.actor, key=self.key, **self.body)


class RotateView(SubscriptionKeysView):
    @operation(
        "rotateKey", "Replace a key", tag=TAG, scope=WRITE,
        description=f"A new key like it; the old one works until the overlap is over. {SHOWN_ONCE}",
        body=RotationInput, answer=NewKeySerializer, status=201, secrets=["secret", "signing_secret"],
    )  # fmt: skip
    def post(self, request: Request, subscription_id: str, key_id: str) -> dict[str, Any]:
        overlap = dt.timedelta(seconds=self.body["overlap_seconds"])
        key, secret = services.rotate_key(actor=self.actor, key=self.key, overlap=overlap)
        return _shown_once(key, secret)


class SigningSecretView(SubscriptionKeysView):
    @operation(
        "revealSigningSecret", "Show what calls are signed with", tag=TAG, scope=WRITE,
        description="For products that take signed calls only (RFC 9421, HMAC-SHA256). The key's id is the `keyid`.",
        body=Empty, answer=SigningSecretSerializer, secrets=["signing_secret"],
        errors=(409,),
    )  # fmt: skip
    def post(self, request: Request, subscription_id: str, key_id: str) -> dict[str, Any]:
        return {"signing_secret": services.reveal_signing_secret(actor=self.actor, key=self.key)}


class RevokeView(SubscriptionKeysView):
    @operation(
        "revokeKey", "End a key for good", tag=TAG, scope=WRITE, description="Once more is no error.",
        body=Empty, answer=KeySerializer,
    )  # fmt: skip
    def post(self, request: Request, subscription_id: str, key_id: str) -> ApiKey:
        return services.revoke_key(actor=self.actor, key=self.key)
