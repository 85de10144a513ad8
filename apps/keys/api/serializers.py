from typing import Any

from rest_framework import serializers

from apps.core.rest.fields import Answer, Input, Text
from apps.keys.enums import KeyMode, KeyScope
from apps.keys.services import OVERLAP_MAX


class KeySerializer(Answer):
    """A key. Its secret is in the answer that made it, and nowhere else."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()
    mode = serializers.ChoiceField(KeyMode.choices)
    prefix = serializers.CharField(help_text="How the secret begins.")
    last4 = serializers.CharField(help_text="How the secret ends.")
    scopes = serializers.ListField(child=serializers.ChoiceField(KeyScope.choices), help_text="None: everything.")
    allowed_networks = serializers.ListField(child=serializers.CharField(), help_text="None: from anywhere.")
    rotated_from = serializers.CharField(source="rotated_from.public_id", allow_null=True, default=None)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewKeySerializer(Answer):
    key = KeySerializer()
    secret = serializers.CharField(
        allow_null=True, help_text="What calls send. Null in the answer to a repeat: it is shown once."
    )
    signing_secret = serializers.CharField(
        allow_null=True,
        help_text="What calls are signed with, where the product takes signed calls only: the key of HMAC-SHA256, as "
        "ASCII. Null for other products, and in the answer to a repeat.",
    )


class SigningSecretSerializer(Answer):
    signing_secret = serializers.CharField(
        allow_null=True, help_text="The key of HMAC-SHA256, as ASCII. Null in the answer to a repeat."
    )


class Networks(serializers.ListField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", "Addresses and networks, such as `203.0.113.0/24`. None: from anywhere.")
        super().__init__(child=serializers.CharField(max_length=60), max_length=50, **kwargs)


class KeyInput(Input):
    name = Text()
    mode = serializers.ChoiceField(KeyMode.choices, required=False)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(KeyScope.choices), required=False, max_length=10)
    allowed_networks = Networks(required=False)


class KeyChange(Input):
    name = Text(required=False)
    allowed_networks = Networks(required=False)


class RotationInput(Input):
    overlap_seconds: Any = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=int(OVERLAP_MAX.total_seconds()),
        help_text="For how long the old key goes on working.",
    )  # fmt: skip
