from rest_framework import serializers

from apps.core.rest.fields import Answer, Input, Text
from apps.plans.enums import (
    BillingInterval,
    OverageRule,
    PlanVisibility,
    QuotaAnchor,
    QuotaOnChange,
    QuotaPeriodUnit,
    RateWindow,
)
from apps.plans.models import RateLimit
from apps.plans.specs import TRIAL_DAYS_MAX


class PriceTierSerializer(Answer):
    up_to_units = serializers.IntegerField(
        allow_null=True, help_text="The last extra unit of the tier; null: all that follow."
    )
    unit_amount = serializers.DecimalField(
        max_digits=20, decimal_places=8, help_text="Minor units for one unit; it may be a fraction."
    )
    flat_amount = serializers.IntegerField(help_text="Minor units, once, with the first unit of the tier.")


class QuotaSerializer(Answer):
    name = serializers.CharField(help_text="As in the headers of the gateway's answers.")
    included_units = serializers.IntegerField()
    period = serializers.ChoiceField(QuotaPeriodUnit.choices)
    anchor = serializers.ChoiceField(QuotaAnchor.choices)
    overage = serializers.ChoiceField(OverageRule.choices, help_text="What happens beyond the included units.")
    overage_unit_amount = serializers.DecimalField(
        max_digits=20, decimal_places=8, allow_null=True,
        help_text="Minor units for one extra unit; it may be a fraction. Null where there are tiers.",
    )  # fmt: skip
    overage_max_units = serializers.IntegerField(allow_null=True)
    price_tiers = PriceTierSerializer(many=True, help_text="Of graduated overage: counted from the first extra unit.")


class RateLimitSerializer(Answer):
    name = serializers.CharField(help_text="As in the headers of the gateway's answers.")
    max_calls = serializers.IntegerField()
    window = serializers.ChoiceField(RateWindow.choices)
    endpoint = serializers.SerializerMethodField(
        help_text="The id of the endpoint that it is for, in place of the plan's own limits; null: for all."
    )

    def get_endpoint(self, limit: RateLimit) -> str | None:
        return limit.endpoint.public_id if limit.endpoint else None


class CatalogPlanSerializer(Answer):
    """A plan on sale."""

    id = serializers.CharField(source="public_id")
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    tier = serializers.CharField(source="tier.slug")
    price_amount = serializers.IntegerField(help_text="Minor units of the currency for one interval; 0 is free.")
    currency = serializers.CharField()
    interval = serializers.ChoiceField(BillingInterval.choices)
    trial_days = serializers.IntegerField(help_text="A first period without charge, once for each product; 0: none.")
    trial_requires_card = serializers.BooleanField()
    requires_approval = serializers.BooleanField()
    quota_on_change = serializers.ChoiceField(QuotaOnChange.choices)
    quotas = QuotaSerializer(many=True)
    rate_limits = RateLimitSerializer(many=True)
    max_concurrent = serializers.IntegerField(
        allow_null=True, help_text="Calls of a subscription in flight at once; null: any number."
    )


class PlanSerializer(CatalogPlanSerializer):
    """A version of a plan as its creator sees it."""

    version = serializers.IntegerField()
    visibility = serializers.ChoiceField(PlanVisibility.choices)
    published_at = serializers.DateTimeField(allow_null=True, help_text="Null: a draft.")
    withdrawn_at = serializers.DateTimeField(allow_null=True, help_text="Replaced, or off sale.")
    created_at = serializers.DateTimeField()


class GrantedOrganizationSerializer(Answer):
    slug = serializers.CharField()
    name = serializers.CharField()


class GrantSerializer(Answer):
    """An organization that may have a plan, in all its versions, without asking."""

    organization = GrantedOrganizationSerializer()
    created_at = serializers.DateTimeField()


class GrantInput(Input):
    organization = Text(help_text="The slug of the organization.", max_length=100)


class PriceTierInput(Input):
    up_to_units = serializers.IntegerField(
        required=False, allow_null=True, help_text="Counted from the first extra unit; left out of the last tier."
    )
    unit_amount = serializers.DecimalField(max_digits=18, decimal_places=8, min_value=0)
    flat_amount = serializers.IntegerField(required=False)


class QuotaInput(Input):
    included_units = serializers.IntegerField()
    period = serializers.ChoiceField(QuotaPeriodUnit.choices)
    anchor = serializers.ChoiceField(QuotaAnchor.choices, required=False)
    overage = serializers.ChoiceField(OverageRule.choices, required=False)
    overage_unit_amount = serializers.DecimalField(
        max_digits=18, decimal_places=8, min_value=0, required=False, allow_null=True,
        help_text="Minor units for one extra unit; it may be a fraction.",
    )  # fmt: skip
    overage_max_units = serializers.IntegerField(required=False, allow_null=True)
    price_tiers = PriceTierInput(many=True, required=False, help_text="Of graduated overage, in ascending order.")


class RateLimitInput(Input):
    max_calls = serializers.IntegerField()
    window = serializers.ChoiceField(RateWindow.choices)
    endpoint = serializers.CharField(required=False, allow_null=True, max_length=40)


class PlanInput(Input):
    """All that a version of a plan says."""

    name = Text()
    tier = Text(help_text="The slug of the tier that it sells.")
    description = Text(required=False, allow_blank=True)
    price_amount = serializers.IntegerField(
        required=False, help_text="Minor units for one interval, 99999999 at most; 0 if left out."
    )
    currency = Text(required=False, help_text="A code of ISO 4217, such as EUR; USD if left out.")
    interval = serializers.ChoiceField(BillingInterval.choices, required=False)
    trial_days = serializers.IntegerField(required=False, help_text=f"{TRIAL_DAYS_MAX} at most; 0 if left out.")
    trial_requires_card = serializers.BooleanField(required=False)
    requires_approval = serializers.BooleanField(required=False)
    visibility = serializers.ChoiceField(PlanVisibility.choices, required=False)
    quota_on_change = serializers.ChoiceField(
        QuotaOnChange.choices,
        required=False,
        help_text=(
            "When somebody changes to this plan. Carried over, what they used counts here, too, unless a new period "
            "begins (from a free plan, or to another interval) or their plan charged extra units."
        ),
    )
    quotas = QuotaInput(many=True, required=False)
    rate_limits = RateLimitInput(many=True, required=False)
    max_concurrent = serializers.IntegerField(
        required=False, allow_null=True, help_text="Calls of a subscription in flight at once; any number if left out."
    )
