"""How the REST API shows a subscription: here, and where billing begins or changes one."""

from rest_framework import serializers

from apps.core.rest.fields import Answer
from apps.subscriptions.enums import CollectedBy, SubscriptionStatus


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


class SubscriptionSerializer(Answer):
    id = serializers.CharField(source="public_id")
    product = SubscribedProductSerializer()
    plan = SubscribedPlanSerializer()
    status = serializers.ChoiceField(SubscriptionStatus.choices)
    collected_by = serializers.ChoiceField(
        CollectedBy.choices,
        help_text="Who charges it. What `stripe` collects is changed and canceled where it was bought.",
    )
    started_at = serializers.DateTimeField()
    current_period_start = serializers.DateTimeField(allow_null=True)
    current_period_end = serializers.DateTimeField(allow_null=True)
    cancel_at_period_end = serializers.BooleanField()
    pending_plan = SubscribedPlanSerializer(allow_null=True, help_text="What it goes on under after this period.")
    trial_ends_at = serializers.DateTimeField(allow_null=True)
    overage_allowed = serializers.BooleanField(help_text="Whether extra units pass where the plan charges them.")
    spend_cap_amount = serializers.IntegerField(
        allow_null=True, help_text="What extra units of a period may cost, in minor units of the plan's currency."
    )
    paused_at = serializers.DateTimeField(allow_null=True)
    canceled_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
