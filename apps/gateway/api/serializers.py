from rest_framework import serializers

from apps.core.rest.fields import Answer, Input
from apps.gateway.actions import ACTIONS
from apps.keys.enums import KeyMode, KeyScope
from apps.subscriptions.enums import SubscriptionStatus
from apps.usage.rest import QuotaStandingSerializer


class KeyProductSerializer(Answer):
    slug = serializers.CharField()
    name = serializers.CharField()


class KeyPlanSerializer(Answer):
    slug = serializers.CharField()
    name = serializers.CharField()
    tier = serializers.CharField(source="tier.slug")


class KeySubscriptionSerializer(Answer):
    id = serializers.CharField(source="public_id")
    status = serializers.ChoiceField(SubscriptionStatus.choices)
    product = KeyProductSerializer()
    plan = KeyPlanSerializer()


class KeyMeSerializer(Answer):
    """What a program may want to know about the key that it has."""

    id = serializers.CharField(source="key.public_id")
    name = serializers.CharField(source="key.name")
    mode = serializers.ChoiceField(KeyMode.choices, source="key.mode")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(KeyScope.choices), source="key.scopes", help_text="None: everything."
    )
    allowed_networks = serializers.ListField(child=serializers.CharField(), source="key.allowed_networks")
    expires_at = serializers.DateTimeField(source="key.expires_at", allow_null=True)
    subscription = KeySubscriptionSerializer(source="key.subscription")
    quotas = QuotaStandingSerializer(many=True)


class ActionInput(Input):
    action = serializers.ChoiceField(sorted(ACTIONS))
    input = serializers.JSONField(required=False, default=None, help_text="What `hello.echo` gives back.")


class ActionSerializer(Answer):
    action = serializers.ChoiceField(sorted(ACTIONS))
    request_id = serializers.CharField(help_text="Of the call at the gateway: look it up in the request log.")
    output = serializers.JSONField()
