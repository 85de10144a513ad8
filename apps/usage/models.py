from typing import Any, ClassVar, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.keys.models import ApiKey
from apps.plans.models import Quota
from apps.products.models import Endpoint, Product
from apps.subscriptions.models import Subscription
from apps.usage.counters.types import request_id

_Set = TypeVar("_Set", contravariant=True)
_Get = TypeVar("_Get", covariant=True)


class Reference(models.ForeignKey[_Set, _Get]):
    """A foreign key without a constraint or index of its own: event tables are large and outlive what they name."""

    def __init__(self, to: Any, **kwargs: Any) -> None:
        kwargs.setdefault("on_delete", models.DO_NOTHING)
        super().__init__(to, **(kwargs | {"db_constraint": False, "db_index": False, "related_name": "+"}))


class UsageEvent(models.Model):
    """A call that was forwarded, exactly one row each: the truth that counters and pages follow.

    Partitioned by month of `occurred_at` (see `apps.usage.partitions`); unique on (occurred_at, id), both fixed
    when the call was reserved.
    """

    id = models.UUIDField(primary_key=True)
    occurred_at = models.DateTimeField()
    subscription: "Reference[Subscription | int, Subscription]" = Reference(Subscription)
    product: "Reference[Product | int, Product]" = Reference(Product)
    endpoint: "Reference[Endpoint | int, Endpoint]" = Reference(Endpoint)
    api_key: "Reference[ApiKey | int, ApiKey]" = Reference(ApiKey)
    quota_epoch = models.PositiveIntegerField()
    units = models.BigIntegerField()  # 0: forwarded and not billed
    method = models.CharField(max_length=16)
    path = models.CharField(max_length=1000)
    status = models.PositiveSmallIntegerField()  # as the consumer saw it
    outcome = models.CharField(max_length=30)  # completed, upstream_timeout, client_closed …
    duration_us = models.PositiveBigIntegerField()
    origin_us = models.PositiveBigIntegerField()
    request_bytes = models.PositiveBigIntegerField()
    response_bytes = models.PositiveBigIntegerField()

    class Meta:
        # The table is partitioned, so its primary key holds the partition key too: the pair, led by `id` so that
        # a call is also found by its id alone.
        constraints = [models.UniqueConstraint(fields=["id", "occurred_at"], name="usage_event_once")]
        indexes = [
            models.Index(fields=["subscription", "-occurred_at"], name="usage_event_by_subscription"),
            models.Index(fields=["product", "-occurred_at"], name="usage_event_by_product"),
        ]

    def __str__(self) -> str:
        return self.request_id

    @property
    def request_id(self) -> str:
        return request_id(self.id)


class Rejection(models.Model):
    """A call that the gateway refused, with the rule that refused it. Sampled when there are very many.

    With the code `abandoned` (status 0) it is a call whose process ended before an answer was given.
    """

    id = models.UUIDField(primary_key=True)
    occurred_at = models.DateTimeField()
    product: "Reference[Product | int, Product]" = Reference(Product)
    subscription: "Reference[Subscription | int | None, Subscription | None]" = Reference(Subscription, null=True)
    endpoint: "Reference[Endpoint | int | None, Endpoint | None]" = Reference(Endpoint, null=True)
    api_key: "Reference[ApiKey | int | None, ApiKey | None]" = Reference(ApiKey, null=True)
    method = models.CharField(max_length=16)
    path = models.CharField(max_length=1000)
    status = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=40)
    policy = models.CharField(max_length=60, blank=True)  # the limit that refused it, such as "monthly"
    counter = models.BigIntegerField(null=True)  # what the counter stood at
    limit = models.BigIntegerField(null=True)
    weight = models.PositiveIntegerField(default=1)  # how many calls this row stands for

    class Meta:
        indexes = [
            models.Index(fields=["subscription", "-occurred_at"], name="rejection_by_subscription"),
            models.Index(fields=["product", "-occurred_at"], name="rejection_by_product"),
            models.Index(fields=["occurred_at"], name="rejection_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.request_id}"

    @property
    def request_id(self) -> str:
        return request_id(self.id)


class RequestRecording(models.Model):
    """Headers and bodies of a call whose product asks for them, secrets blanked out. Some calls, kept for 7 days.

    What the product did not ask for is null or empty. For people to look at: nothing follows from it.
    """

    id = models.UUIDField(primary_key=True)  # of the call
    product: "Reference[Product | int, Product]" = Reference(Product)
    recorded_at = models.DateTimeField()
    query = models.TextField(blank=True)
    request_headers = models.JSONField(null=True)  # [[name, value], …] in order, as the answer's
    request_body = models.TextField(blank=True)
    is_request_cut = models.BooleanField(default=False)  # the body was longer
    status = models.PositiveSmallIntegerField(null=True)  # as the consumer saw it; null: there was none
    answer_headers = models.JSONField(null=True)
    answer_body = models.TextField(blank=True)
    is_answer_cut = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["recorded_at"], name="recording_by_age")]

    def __str__(self) -> str:
        return request_id(self.id)


class Rollup(models.Model):
    """Calls added up, written in the transaction that stores them: always the sum of their events."""

    # The columns that are added up; the latency counts are too, place by place.
    COUNTERS = ("calls", "units", "client_errors", "server_errors", "request_bytes", "response_bytes")
    # The columns of which each combination has one row; the product follows from them.
    IDENTITY: ClassVar[tuple[str, ...]]

    product: "Reference[Product | int, Product]" = Reference(Product)
    calls = models.BigIntegerField(default=0)
    units = models.BigIntegerField(default=0)
    client_errors = models.BigIntegerField(default=0)  # 4xx
    server_errors = models.BigIntegerField(default=0)  # 5xx
    request_bytes = models.BigIntegerField(default=0)
    response_bytes = models.BigIntegerField(default=0)
    # Calls by origin latency; the bounds are `metering.LATENCY_BOUNDS_MS`.
    latency_counts = ArrayField(models.BigIntegerField())

    class Meta:
        abstract = True


class UsageRollup(Rollup):
    """The calls of one hour, by subscription, epoch, endpoint and key."""

    IDENTITY = ("subscription_id", "hour", "endpoint_id", "api_key_id", "quota_epoch")

    hour = models.DateTimeField()
    subscription: "Reference[Subscription | int, Subscription]" = Reference(Subscription)
    endpoint: "Reference[Endpoint | int, Endpoint]" = Reference(Endpoint)
    api_key: "Reference[ApiKey | int, ApiKey]" = Reference(ApiKey)
    quota_epoch = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "hour", "endpoint", "api_key", "quota_epoch"], name="usage_rollup_once"
            )
        ]
        indexes = [models.Index(fields=["product", "hour"], name="usage_rollup_by_product")]

    def __str__(self) -> str:
        return f"{self.subscription_id} {self.hour:%Y-%m-%d %H}"


class EndpointDay(Rollup):
    """The calls of an endpoint in one UTC day, of all consumers together."""

    IDENTITY = ("endpoint_id", "day")

    day = models.DateTimeField()
    endpoint: "Reference[Endpoint | int, Endpoint]" = Reference(Endpoint)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "day"], name="endpoint_day_once")]
        indexes = [models.Index(fields=["product", "day"], name="endpoint_day_by_product")]

    def __str__(self) -> str:
        return f"{self.endpoint_id} {self.day:%Y-%m-%d}"


class SubscriptionDay(Rollup):
    """The calls of a subscription in one UTC day, of all endpoints together, by epoch and key."""

    IDENTITY = ("subscription_id", "day", "api_key_id", "quota_epoch")

    day = models.DateTimeField()
    subscription: "Reference[Subscription | int, Subscription]" = Reference(Subscription)
    api_key: "Reference[ApiKey | int, ApiKey]" = Reference(ApiKey)
    quota_epoch = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "day", "api_key", "quota_epoch"], name="subscription_day_once"
            )
        ]
        # Covers the ranking of a product's consumers by calls.
        indexes = [
            models.Index(fields=["product", "day"], include=["subscription", "calls"], name="subscription_day_ranking")
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id} {self.day:%Y-%m-%d}"


class SubscriptionEndpointDay(Rollup):
    """The calls of a subscription to an endpoint in one UTC day."""

    IDENTITY = ("subscription_id", "day", "endpoint_id")

    day = models.DateTimeField()
    subscription: "Reference[Subscription | int, Subscription]" = Reference(Subscription)
    endpoint: "Reference[Endpoint | int, Endpoint]" = Reference(Endpoint)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "day", "endpoint"], name="subscription_endpoint_day_once")
        ]
        # Covers the ranking of an endpoint's consumers by calls.
        indexes = [
            models.Index(
                fields=["endpoint", "day"], include=["product", "subscription", "calls"], name="endpoint_day_ranking"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id} {self.endpoint_id} {self.day:%Y-%m-%d}"


class QuotaPeriod(models.Model):
    """What a subscription used of a quota in one period; final once `closed_at` is set."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="quota_periods")
    quota = models.ForeignKey(Quota, on_delete=models.PROTECT, related_name="+")
    quota_epoch = models.PositiveIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    included_units = models.BigIntegerField()
    used_units = models.BigIntegerField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "quota", "quota_epoch", "starts_at"], name="quota_period_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id} {self.quota_id} {self.starts_at:%Y-%m-%d}"


class StreamPosition(models.Model):
    """How far the meter has stored a shard's stream; moved in the transaction that stores the events.

    The stream id is one of the generation beside it: another generation may give out the same ids again.
    """

    shard = models.PositiveSmallIntegerField(primary_key=True)
    generation = models.CharField(max_length=100, default="", blank=True)
    stream_id = models.CharField(max_length=40, default="0-0")
    # Every call reserved before this instant is stored or abandoned.
    complete_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.shard} at {self.stream_id}"


class StaleCounter(models.Model):
    """A request to count a subscription's quotas in Redis anew (without one: those of the whole shard).

    Written in the transaction that finds that Redis counted a call twice or not at all.
    """

    id = models.BigAutoField(primary_key=True)
    shard = models.PositiveSmallIntegerField(db_index=True)
    subscription: "Reference[Subscription | int | None, Subscription | None]" = Reference(Subscription, null=True)

    def __str__(self) -> str:
        return f"{self.shard} {self.subscription_id or 'all'}"


class QuarantinedEntry(models.Model):
    """An entry of the stream that could not be stored, kept as it was: nothing is dropped silently."""

    id = models.BigAutoField(primary_key=True)
    shard = models.PositiveSmallIntegerField()
    generation = models.CharField(max_length=100)
    stream_id = models.CharField(max_length=40)
    fields = models.JSONField()
    error = models.CharField(max_length=500)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.shard} {self.stream_id}: {self.error}"
