from rest_framework import serializers

from apps.core.rest.fields import Answer, Input
from apps.subscriptions.enums import SubscriptionStatus


class SubscribedProductSerializer(Answer):
    id = serializers.CharField(source="public_id")
    slug = serializers.CharField()
    name = serializers.CharField()


class SubscribedPlanSerializer(Answer):
    id = serializers.CharField(source="public_id")
    slug = serializers.CharField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    price_amount = serializers.IntegerField(help_text="Minor units of the currency for one interval.")
    currency = serializers.CharField()
    interval = serializers.CharField()


class ConsumingOrganizationSerializer(Answer):
    slug = serializers.CharField()
    name = serializers.CharField()


class SubscriptionSerializer(Answer):
    id = serializers.CharField(source="public_id")
    product = SubscribedProductSerializer()
    plan = SubscribedPlanSerializer()
    status = serializers.ChoiceField(SubscriptionStatus.choices)
    started_at = serializers.DateTimeField()
    current_period_start = serializers.DateTimeField(allow_null=True)
    current_period_end = serializers.DateTimeField(allow_null=True)
    cancel_at_period_end = serializers.BooleanField()
    pending_plan = SubscribedPlanSerializer(allow_null=True, help_text="What it goes on under after this period.")
    paused_at = serializers.DateTimeField(allow_null=True)
    canceled_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class ConsumerSerializer(SubscriptionSerializer):
    """A subscription as the creator of its product sees it."""

    organization = ConsumingOrganizationSerializer()


class SubscriptionQuery(Input):
    status = serializers.ChoiceField(SubscriptionStatus.choices, required=False)


class ConsumerQuery(SubscriptionQuery):
    search = serializers.CharField(required=False, allow_blank=True, max_length=100, help_text="Words of the name.")
    plan = serializers.CharField(required=False, max_length=40, help_text="The slug of a plan.")


class SubscriptionInput(Input):
    plan = serializers.CharField(max_length=40, help_text="The id of a plan on sale.")


class CancelInput(Input):
    at_period_end = serializers.BooleanField(
        required=False, default=False, help_text="With the running period, and not at once."
    )
