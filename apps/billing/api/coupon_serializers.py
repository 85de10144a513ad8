from rest_framework import serializers

from apps.billing.enums import CouponDuration
from apps.billing.models import CouponRedemption
from apps.core.rest.fields import Answer, Input, Text


class CouponSerializer(Answer):
    """Either a percentage or an amount off the price of a plan."""

    id = serializers.CharField(source="public_id")
    code = serializers.CharField()
    percent = serializers.DecimalField(max_digits=5, decimal_places=2, allow_null=True)
    amount = serializers.IntegerField(allow_null=True, help_text="Minor units of the currency.")
    currency = serializers.CharField(help_text="Empty with a percentage.")
    duration = serializers.ChoiceField(CouponDuration.choices)
    cycles = serializers.IntegerField(allow_null=True, help_text="Of `repeating`: for how many billing periods.")
    max_redemptions = serializers.IntegerField(allow_null=True)
    redeem_by = serializers.DateTimeField(allow_null=True)
    plan_slugs = serializers.ListField(child=serializers.CharField(), help_text="Empty: every plan of the product.")
    redemption_count = serializers.IntegerField()
    archived_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class CouponInput(Input):
    code = Text(max_length=40, help_text="Letters, digits, dashes; it is kept in capital letters.")
    percent = serializers.DecimalField(max_digits=5, decimal_places=2, required=False, allow_null=True)
    amount = serializers.IntegerField(required=False, allow_null=True)
    currency = Text(required=False, allow_blank=True, max_length=3)
    duration = serializers.ChoiceField(CouponDuration.choices, required=False)
    cycles = serializers.IntegerField(required=False, allow_null=True)
    max_redemptions = serializers.IntegerField(required=False, allow_null=True)
    redeem_by = serializers.DateTimeField(required=False, allow_null=True)
    plan_slugs = serializers.ListField(child=Text(max_length=40), required=False, max_length=50)


class RedeemInput(Input):
    code = Text(max_length=40)


class RedemptionSerializer(Answer):
    """A coupon as it holds for a subscription."""

    code = serializers.CharField(source="coupon.code")
    subscription = serializers.CharField(source="subscription.public_id")
    redeemed_at = serializers.DateTimeField()
    cycles_left = serializers.SerializerMethodField(help_text="Null: it holds for every billing period.")

    def get_cycles_left(self, redemption: CouponRedemption) -> int | None:
        return redemption.cycles_left
