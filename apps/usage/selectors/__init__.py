"""Reads of usage. Who may see what is decided by the caller, who makes the `Scope` from objects it may see."""

from apps.usage.selectors.billable import billable_days, billable_units, is_complete
from apps.usage.selectors.breakdowns import (
    ConsumerRanking,
    ConsumerUsage,
    EndpointUsage,
    KeyUsage,
    UsagePoint,
    UsageStats,
    calls_by_product,
    get_usage,
    has_calls,
    rank_consumers,
    rejections_by_code,
    usage_by_day,
    usage_by_endpoint,
    usage_by_hour,
    usage_by_key,
    usage_by_subscription,
)
from apps.usage.selectors.by_key import KeyStatistics, key_statistics
from apps.usage.selectors.progress import find_complete_until
from apps.usage.selectors.quotas import QuotaUsage, quota_usage, quota_usages
from apps.usage.selectors.requests import RequestEntry, RequestFilters, RequestPage, get_request, list_requests
from apps.usage.selectors.scope import Scope

__all__ = [
    "ConsumerRanking",
    "ConsumerUsage",
    "EndpointUsage",
    "KeyStatistics",
    "KeyUsage",
    "QuotaUsage",
    "RequestEntry",
    "RequestFilters",
    "RequestPage",
    "Scope",
    "UsagePoint",
    "UsageStats",
    "billable_days",
    "billable_units",
    "calls_by_product",
    "find_complete_until",
    "get_request",
    "get_usage",
    "has_calls",
    "is_complete",
    "key_statistics",
    "list_requests",
    "quota_usage",
    "quota_usages",
    "rank_consumers",
    "rejections_by_code",
    "usage_by_day",
    "usage_by_endpoint",
    "usage_by_hour",
    "usage_by_key",
    "usage_by_subscription",
]
