from rest_framework import serializers

from apps.core.rest.fields import Answer, Input, Text
from apps.payouts.enums import AccountStatus, PayoutMethod, PayoutStatus, Schedule
from apps.payouts.selectors import Month

_MINOR = "Minor units of the currency."


class BalanceSerializer(Answer):
    currency = serializers.CharField()
    available_amount = serializers.IntegerField(help_text="What can be paid out now.")
    pending_amount = serializers.IntegerField(help_text="Earnings within the hold period.")
    reserve_amount = serializers.IntegerField(help_text="Kept for refunds and disputes.")
    negative_amount = serializers.IntegerField(help_text="What the next earnings settle first.")


class PayoutSerializer(Answer):
    id = serializers.CharField(source="public_id")
    amount = serializers.IntegerField(help_text=_MINOR)
    currency = serializers.CharField()
    method = serializers.ChoiceField(PayoutMethod.choices)
    status = serializers.ChoiceField(PayoutStatus.choices)
    reference = serializers.CharField(help_text="Of the transfer.")
    failure_code = serializers.CharField()
    created_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    returned_at = serializers.DateTimeField(allow_null=True)


class PayoutQuery(Input):
    status = serializers.ChoiceField(PayoutStatus.choices, required=False)


class PayoutInput(Input):
    currency = serializers.CharField(max_length=3)
    amount = serializers.IntegerField(
        required=False, min_value=1, help_text=f"{_MINOR} Left out, everything that is available."
    )


class AccountInput(Input):
    method = serializers.ChoiceField(PayoutMethod.choices)
    legal_name = Text(max_length=200)
    address = Text(max_length=1000)
    country = serializers.CharField(max_length=2, help_text="ISO 3166, two letters.")
    currency = serializers.CharField(max_length=3)
    schedule = serializers.ChoiceField(Schedule.choices, required=False, default=Schedule.MONTHLY)
    tax_id = Text(max_length=60, required=False, default="", allow_blank=True)
    bank_account = Text(max_length=60, required=False, default="", allow_blank=True)
    bank_code = Text(max_length=40, required=False, default="", allow_blank=True)
    paypal_email = Text(max_length=254, required=False, default="", allow_blank=True)
    minimum_amount = serializers.IntegerField(required=False, default=None, allow_null=True, min_value=1)


class AccountSerializer(Answer):
    id = serializers.CharField(source="public_id")
    method = serializers.ChoiceField(PayoutMethod.choices)
    status = serializers.ChoiceField(AccountStatus.choices)
    is_ready = serializers.BooleanField(help_text="Whether money can be sent there now.")
    requirements = serializers.ListField(child=serializers.CharField(), help_text="What the provider asks for.")
    legal_name = serializers.CharField()
    address = serializers.CharField()
    country = serializers.CharField()
    tax_id = serializers.CharField()
    bank_account = serializers.CharField()
    bank_code = serializers.CharField()
    paypal_email = serializers.CharField()
    currency = serializers.CharField()
    schedule = serializers.ChoiceField(Schedule.choices)
    minimum_amount = serializers.IntegerField(allow_null=True)


class MonthSerializer(Answer):
    month = serializers.SerializerMethodField(help_text="As 2027-04.")
    currency = serializers.CharField()

    def get_month(self, found: Month) -> str:
        return f"{found.month:%Y-%m}"


class StatementSerializer(Answer):
    """`opening + net + payout = closing`, in minor units."""

    currency = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(help_text="Not within.")
    opening_amount = serializers.IntegerField()
    sales = serializers.IntegerField(help_text="How many.")
    gross_amount = serializers.IntegerField(help_text="What consumers paid, with tax.")
    refund_amount = serializers.IntegerField()
    dispute_amount = serializers.IntegerField()
    commission_amount = serializers.IntegerField()
    tax_amount = serializers.IntegerField()
    adjustment_amount = serializers.IntegerField()
    net_amount = serializers.IntegerField()
    payout_amount = serializers.IntegerField()
    closing_amount = serializers.IntegerField()
