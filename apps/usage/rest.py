"""How the REST API shows a quota: with the usage of a subscription, and to who asks about his own key."""

from rest_framework import serializers

from apps.core.rest.fields import Answer
from apps.plans.enums import QuotaPeriodUnit


class QuotaStandingSerializer(Answer):
    """A quota in its running period `[starts_at, ends_at)`."""

    name = serializers.CharField()
    period = serializers.ChoiceField(QuotaPeriodUnit.choices)
    included_units = serializers.IntegerField(source="included")
    used_units = serializers.IntegerField(source="used", help_text="As stored: a second behind at most.")
    remaining_units = serializers.IntegerField(source="remaining")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
