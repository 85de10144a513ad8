"""What was called, how often, and what is left."""

from typing import Any

from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.core.rest.operations import operation
from apps.subscriptions.selectors import get_subscription
from apps.usage import selectors
from apps.usage.api.base import UsageScopeView
from apps.usage.api.serializers import (
    EndpointUsageSerializer,
    KeyUsageSerializer,
    SeriesQuery,
    UsageQuery,
    UsageSeriesSerializer,
)
from apps.usage.rest import QuotaStandingSerializer
from apps.usage.selectors import EndpointUsage, KeyUsage, QuotaUsage

TAG = "Usage"
READ = TokenScope.USAGE_READ


class UsageView(UsageScopeView):
    @operation(
        "getUsage", "Show usage over time", tag=TAG, scope=READ,
        description="Of a subscription, of a product that is yours, or of all your subscriptions. Whole hours, in UTC.",
        query=SeriesQuery, answer=UsageSeriesSerializer,
    )  # fmt: skip
    def get(self, request: Request) -> dict[str, Any]:
        scope, (since, until) = self.scope(), self.span()
        series = selectors.usage_by_hour if self.query["step"] == "hour" else selectors.usage_by_day
        return {
            "since": since,
            "until": until,
            "total": selectors.get_usage(scope, since, until),
            "points": series(scope, since, until),
        }


class UsageByEndpointView(UsageScopeView):
    @operation(
        "listUsageByEndpoint", "Show usage by endpoint", tag=TAG, scope=READ, description="The most called first.",
        query=UsageQuery, answer=EndpointUsageSerializer, many=True,
    )  # fmt: skip
    def get(self, request: Request) -> list[EndpointUsage]:
        return selectors.usage_by_endpoint(self.scope(), *self.span())


class UsageByKeyView(UsageScopeView):
    @operation(
        "listUsageByKey", "Show usage by key", tag=TAG, scope=READ,
        description="Of your subscriptions; the keys of a product's consumers are not shown.",
        query=UsageQuery, answer=KeyUsageSerializer, many=True,
    )  # fmt: skip
    def get(self, request: Request) -> list[KeyUsage]:
        found = selectors.usage_by_key(self.scope(), *self.span())
        return found if self.shows_keys else []


class QuotasView(OrganizationView):
    @operation(
        "listQuotas", "Show what is left of the quotas", tag=TAG, scope=READ,
        answer=QuotaStandingSerializer, many=True,
    )  # fmt: skip
    def get(self, request: Request, subscription_id: str) -> list[QuotaUsage]:
        return selectors.quota_usage(get_subscription(self.actor, public_id=subscription_id))
