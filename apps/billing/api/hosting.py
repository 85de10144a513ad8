"""What the organization may publish, and which hosting plans there are."""

from rest_framework import serializers
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.billing.hosting import Hosting, get_hosting
from apps.core.rest.fields import Answer
from apps.core.rest.operations import operation
from apps.subscriptions.rest import SubscriptionSerializer

_ANY = "null: any number."


class HostedCallsSerializer(Answer):
    period_start = serializers.DateTimeField(source="starts_at")
    period_end = serializers.DateTimeField(source="ends_at")
    included = serializers.IntegerField(help_text="Units.")
    used = serializers.IntegerField(help_text="Units that all consumers of your products were billed for.")
    extra = serializers.IntegerField(help_text="Charged beyond the included ones.")
    extra_amount = serializers.IntegerField(help_text="What they cost so far, minor units.")
    currency = serializers.CharField()


class HostingOfferSerializer(Answer):
    plan = serializers.CharField(source="plan.public_id")
    name = serializers.CharField(source="plan.name")
    price_amount = serializers.IntegerField(source="plan.price_amount")
    currency = serializers.CharField(source="plan.currency")
    interval = serializers.CharField(source="plan.interval")
    products_max = serializers.IntegerField(allow_null=True, help_text=_ANY)


class HostingSerializer(Answer):
    subscription = SubscriptionSerializer(allow_null=True)
    products_max = serializers.IntegerField(allow_null=True, help_text=_ANY)
    products_live = serializers.IntegerField(help_text="Published, or still subscribed to.")
    may_publish = serializers.BooleanField(help_text="Whether one more product may be published.")
    calls = HostedCallsSerializer(source="quotas", many=True)
    plans = HostingOfferSerializer(source="offers", many=True)


class HostingView(OrganizationView):
    @operation(
        "getHosting", "Show what your hosting allows and what of it is used", tag="Billing",
        scope=TokenScope.BILLING_READ,
        description="404 where the platform does not charge for hosting. Its plans are bought and changed as those of "
        "any product.",
        answer=HostingSerializer,
    )  # fmt: skip
    def get(self, request: Request) -> Hosting:
        return get_hosting(self.actor)
