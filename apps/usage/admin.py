import datetime as dt
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Max, Min, Model, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.core.staff import ReadOnlyAdmin
from apps.core.values import words_of
from apps.keys.models import ApiKey
from apps.products.models import Product
from apps.subscriptions.models import Subscription
from apps.usage.models import (
    EndpointDay,
    QuarantinedEntry,
    QuotaPeriod,
    Rejection,
    StaleCounter,
    StreamPosition,
    SubscriptionDay,
    SubscriptionEndpointDay,
    UsageEvent,
    UsageRollup,
)

Row = TypeVar("Row", bound=Model)

_HELP = _("The id of a request, or the public id of a subscription, key or product")
# What the rollups add up: what their lists show of it, and all of it.
_SUMS = ["calls", "units", "client_errors", "server_errors"]
_ALL_SUMS = [*_SUMS, "request_bytes", "response_bytes", "latency_counts"]


class ProductCallAdmin(ReadOnlyAdmin[Row]):
    """Tables of many millions of rows, whose references are no joins: what they name may be gone.

    Whatever is searched for is looked up first, so that one of the two indexes on a reference and the time answers.
    """

    # The time within those indexes; without a search, the primary key is in the order of time, too.
    time_field: ClassVar[str]

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return [f"-{self.time_field}"] if words_of(request.GET.get("q", "")) else ["-pk"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Row]":
        rows: Any = super().get_queryset(request)
        products = Product.objects.filter(pk=OuterRef("product"))
        shown: QuerySet[Row] = rows.annotate(product_slug=Subquery(products.values("slug")))
        return shown

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Row]", search_term: str
    ) -> tuple["QuerySet[Row]", bool]:
        for word in words_of(search_term):
            meant = self.meant(word)
            queryset = queryset.none() if meant is None else queryset.filter(meant)
        return queryset, False

    def meant(self, word: str) -> Q | None:
        """The rows that belong to what has this id; None where nothing has it."""
        product = Product.objects.filter(Q(public_id=word) | Q(slug=word)).values_list("pk", flat=True).first()
        return None if product is None else Q(product=product)

    @admin.display(description=_("product"))
    def product_shown(self, row: Any) -> str:
        return row.product_slug or "-"


class CallAdmin(ProductCallAdmin[Row]):
    """Those of a subscription, too."""

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Row]":
        rows: Any = super().get_queryset(request)
        subscriptions = Subscription.objects.filter(pk=OuterRef("subscription"))
        shown: QuerySet[Row] = rows.annotate(subscription_name=Subquery(subscriptions.values("public_id")))
        return shown

    def meant(self, word: str) -> Q | None:
        if word.startswith("sub_"):
            found = Subscription.objects.filter(public_id=word).values_list("pk", flat=True).first()
            return None if found is None else Q(subscription=found)
        if word.startswith("key_"):
            key = ApiKey.objects.filter(public_id=word).values("pk", "subscription").first()
            return None if key is None else self.of_key(key["subscription"], key["pk"])
        return super().meant(word)

    def of_key(self, subscription: int, key: int) -> Q | None:
        return Q(subscription=subscription, api_key=key)

    @admin.display(description=_("subscription"))
    def subscription_id_shown(self, row: Any) -> str:
        return row.subscription_name or "-"


class RequestAdmin(CallAdmin[Row]):
    """Single calls, which are also found by the id that every answer carries."""

    time_field = "occurred_at"

    def meant(self, word: str) -> Q | None:
        try:
            return Q(pk=UUID(word.removeprefix("req_")))
        except ValueError:
            return super().meant(word)


@admin.register(UsageEvent)
class UsageEventAdmin(RequestAdmin[UsageEvent]):
    """Calls that were forwarded: what is metered and billed."""

    def of_key(self, subscription: int, key: int) -> Q | None:
        """Between the first and the last hour of the key, which the rollups know: a subscription may have millions."""
        rollups = UsageRollup.objects.filter(subscription=subscription, api_key=key)
        hours = rollups.aggregate(first=Min("hour"), last=Max("hour"))
        if hours["first"] is None:
            return None
        span = (hours["first"], hours["last"] + dt.timedelta(hours=1))
        return Q(subscription=subscription, api_key=key, occurred_at__gte=span[0], occurred_at__lt=span[1])

    list_display = [
        "request_id", "occurred_at", "product_shown", "subscription_id_shown", "method", "path", "status", "outcome",
        "units",
    ]  # fmt: skip
    list_filter = ["occurred_at"]
    search_fields = ["pk"]
    search_help_text = _HELP
    fields = [
        "request_id", "occurred_at", "product", "subscription", "endpoint", "api_key", "method", "path", "status",
        "outcome", "units", "quota_epoch", "duration_us", "origin_us", "request_bytes", "response_bytes",
    ]  # fmt: skip


@admin.register(Rejection)
class RejectionAdmin(RequestAdmin[Rejection]):
    """Calls that the gateway refused, and why: a sample where there are very many."""

    list_display = [
        "request_id", "occurred_at", "product_shown", "subscription_id_shown", "method", "path", "status", "code",
        "policy", "weight",
    ]  # fmt: skip
    list_filter = ["occurred_at"]
    search_fields = ["pk"]
    search_help_text = _HELP
    fields = [
        "request_id", "occurred_at", "product", "subscription", "endpoint", "api_key", "method", "path", "status",
        "code", "policy", "counter", "limit", "weight",
    ]  # fmt: skip


@admin.register(UsageRollup)
class UsageRollupAdmin(CallAdmin[UsageRollup]):
    """The calls of an hour, added up: what the usage pages read."""

    time_field = "hour"
    list_display = ["hour", "product_shown", "subscription_id_shown", *_SUMS]
    search_fields = ["subscription__public_id"]
    search_help_text = _("The public id of a subscription, key or product")
    fields = ["hour", "product", "subscription", "endpoint", "api_key", "quota_epoch", *_ALL_SUMS]


@admin.register(SubscriptionDay)
class SubscriptionDayAdmin(CallAdmin[SubscriptionDay]):
    """The calls of a subscription in a day, added up by key."""

    time_field = "day"
    list_display = ["day", "product_shown", "subscription_id_shown", *_SUMS]
    search_fields = ["subscription__public_id"]
    search_help_text = _("The public id of a subscription, key or product")
    fields = ["day", "product", "subscription", "api_key", "quota_epoch", *_ALL_SUMS]


@admin.register(SubscriptionEndpointDay)
class SubscriptionEndpointDayAdmin(CallAdmin[SubscriptionEndpointDay]):
    """The calls of a subscription to an endpoint in a day, added up."""

    time_field = "day"
    list_display = ["day", "product_shown", "subscription_id_shown", "endpoint_id", *_SUMS]
    search_fields = ["subscription__public_id"]
    search_help_text = _("The public id of a subscription or product")
    fields = ["day", "product", "subscription", "endpoint", *_ALL_SUMS]

    def of_key(self, subscription: int, key: int) -> Q | None:
        """The keys of a subscription are together here."""
        return None


@admin.register(EndpointDay)
class EndpointDayAdmin(ProductCallAdmin[EndpointDay]):
    """The calls of an endpoint in a day, added up."""

    time_field = "day"
    list_display = ["day", "product_shown", "endpoint_id", *_SUMS]
    search_fields = ["product__public_id"]
    search_help_text = _("The public id or the slug of a product")
    fields = ["day", "product", "endpoint", *_ALL_SUMS]


@admin.register(QuotaPeriod)
class QuotaPeriodAdmin(ReadOnlyAdmin[QuotaPeriod]):
    list_display = [
        "subscription", "quota", "quota_epoch", "starts_at", "ends_at", "used_units", "included_units", "closed_at",
    ]  # fmt: skip
    list_filter = [("closed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["subscription__organization", "subscription__product", "quota"]
    search_fields = ["subscription__public_id"]
    search_help_text = _("The public id of a subscription")
    fields = [
        "subscription", "quota", "quota_epoch", "starts_at", "ends_at", "used_units", "included_units", "closed_at",
    ]  # fmt: skip


@admin.register(StreamPosition)
class StreamPositionAdmin(ReadOnlyAdmin[StreamPosition]):
    """How far the meter is, by shard. All within a few seconds: it keeps up."""

    list_display = ["shard", "complete_until", "stream_id", "generation"]
    ordering = ["pk"]
    fields = ["shard", "complete_until", "stream_id", "generation"]


@admin.register(StaleCounter)
class StaleCounterAdmin(ReadOnlyAdmin[StaleCounter]):
    """Counters that wait to be counted anew; normally none."""

    list_display = ["id", "shard", "subscription_id"]
    fields = ["shard", "subscription"]


@admin.register(QuarantinedEntry)
class QuarantinedEntryAdmin(ReadOnlyAdmin[QuarantinedEntry]):
    """Entries of the stream that could not be stored; each needs a person to look at it."""

    list_display = ["created_at", "shard", "stream_id", "error"]
    list_filter = ["created_at"]
    fields = ["created_at", "shard", "generation", "stream_id", "error", "fields_shown"]

    @admin.display(description=_("fields"))
    def fields_shown(self, entry: QuarantinedEntry) -> str:
        return str(entry.fields)
