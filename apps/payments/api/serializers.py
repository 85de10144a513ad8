from rest_framework import serializers

from apps.core.rest.fields import Answer, Input, Text
from apps.payments.enums import PaymentStatus, Provider


class PaymentMethodSerializer(Answer):
    id = serializers.CharField(source="public_id")
    provider = serializers.ChoiceField(Provider.choices)
    brand = serializers.CharField()
    last4 = serializers.CharField()
    exp_month = serializers.IntegerField()
    exp_year = serializers.IntegerField()
    holder_name = serializers.CharField()
    is_default = serializers.BooleanField(help_text="Renewals are charged to it.")
    created_at = serializers.DateTimeField()


class HostedCardSerializer(Answer):
    action_url = serializers.CharField(help_text="The provider's page, for the holder of the card. It expires.")


class CanceledPaymentSerializer(Answer):
    """An attempt to pay that was given up, or was confirmed just before."""

    id = serializers.CharField(source="public_id")
    status = serializers.ChoiceField(PaymentStatus.choices)
    amount = serializers.IntegerField(help_text="Minor units.")
    currency = serializers.CharField()
    reference = serializers.CharField(help_text="What is paid, such as the id of an invoice.")
    decline_code = serializers.CharField(allow_blank=True)
    action_url = serializers.CharField(allow_blank=True, help_text="Where the cardholder confirms it.")
    created_at = serializers.DateTimeField()


class CardInput(Input):
    """A card. Number and security code go to the payment provider and are kept nowhere."""

    number = Text(max_length=40)
    exp_month = serializers.IntegerField(min_value=1, max_value=12)
    exp_year = serializers.IntegerField(min_value=2000, max_value=2200)
    cvc = Text(max_length=10)
    name = Text(required=False, allow_blank=True, help_text="Of the holder.")
