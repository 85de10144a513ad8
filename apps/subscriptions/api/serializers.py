from rest_framework import serializers

from apps.core.rest.fields import Answer, Input
from apps.subscriptions.enums import MigrationTime, SubscriptionStatus
from apps.subscriptions.rest import SubscriptionSerializer


class ConsumingOrganizationSerializer(Answer):
    slug = serializers.CharField()
    name = serializers.CharField()


class ConsumerSerializer(SubscriptionSerializer):
    """A subscription as the creator of its product sees it."""

    organization = ConsumingOrganizationSerializer()


class ConsumerQuery(Input):
    status = serializers.ChoiceField(SubscriptionStatus.choices, required=False)
    search = serializers.CharField(required=False, allow_blank=True, max_length=100, help_text="Words of the name.")
    plan = serializers.CharField(required=False, max_length=40, help_text="The slug of a plan.")


class OverageInput(Input):
    overage_allowed = serializers.BooleanField(
        required=False, help_text="Whether extra units pass, and are charged, where the plan has such."
    )
    spend_cap_amount = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="What extra units of a period may cost, in minor units; null: up to the plan's own cap.",
    )


class BanInput(Input):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=300, help_text="Is told to them.")


class CancelInput(Input):
    at_period_end = serializers.BooleanField(
        required=False,
        help_text="With the running period, or at once; left out: with the period where it was paid for.",
    )


class MigrateInput(Input):
    to = serializers.CharField(max_length=40, help_text="The id of the version on sale.")
    when = serializers.ChoiceField(MigrationTime.choices)


class MigrationSerializer(Answer):
    subscription_count = serializers.IntegerField(help_text="How many are moved, within minutes.")
