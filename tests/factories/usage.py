"""Calls that were made: stored, with their rollups, by the functions that the meter stores with."""

import datetime as dt
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from apps.core import clock
from apps.core.ids import uuid7
from apps.keys.models import ApiKey
from apps.products.models import Endpoint, Product
from apps.usage.counters.records import EventRecord, RejectionRecord
from apps.usage.meter.insert import insert_events, insert_rejections
from apps.usage.meter.rollups import add_to_rollups
from apps.usage.models import (
    EndpointDay,
    Rejection,
    RequestRecording,
    SubscriptionDay,
    SubscriptionEndpointDay,
    UsageEvent,
    UsageRollup,
)


def store_calls(
    key: ApiKey, endpoint: Endpoint, count: int = 1, *, at: dt.datetime | None = None, **values: Any
) -> list[EventRecord]:
    """So many forwarded calls, the last at `at` (now) and each a second before the next. `values` replace fields."""
    usual = {
        "quota_epoch": key.subscription.quota_epoch,
        "units": endpoint.weight,
        "status": 200,
        "outcome": "completed",
        "duration_us": 12_000,
        "origin_us": 8_000,
        "request_bytes": 100,
        "response_bytes": 2_000,
        "replayed": False,
    }
    events = [EventRecord(**(call | usual | values)) for call in _calls(key, endpoint, count, at)]
    insert_events(events)
    add_to_rollups(events)
    return events


def store_rejections(
    key: ApiKey, endpoint: Endpoint, count: int = 1, *, at: dt.datetime | None = None, **values: Any
) -> list[RejectionRecord]:
    """So many refused calls, the last at `at` (now) and each a second before the next. `values` replace fields."""
    usual = {
        "status": 429,
        "code": "rate_limited",
        "policy": "per-minute",
        "counter": 60,
        "limit": 60,
        "weight": 1,
    }
    rejections = [RejectionRecord(**(call | usual | values)) for call in _calls(key, endpoint, count, at)]
    insert_rejections(rejections)
    return rejections


def forget_calls() -> None:
    """As if no call had been made: neither forwarded nor refused."""
    for model in (UsageEvent, UsageRollup, SubscriptionDay, SubscriptionEndpointDay, EndpointDay, Rejection):
        model.objects.all().delete()


def _calls(key: ApiKey, endpoint: Endpoint, count: int, at: dt.datetime | None) -> Iterator[dict[str, Any]]:
    """What a record of a call says about it, whatever became of it."""
    last = at or clock.now()
    for number in range(count):
        yield {
            "id": uuid7(),
            "occurred_at": last - dt.timedelta(seconds=number),
            "subscription_id": key.subscription_id,
            "product_id": endpoint.product_id,
            "endpoint_id": endpoint.pk,
            "api_key_id": key.pk,
            "method": endpoint.method,
            "path": endpoint.path,
        }


def request_id(record: EventRecord | RejectionRecord) -> str:
    """The id of the call as pages show it."""
    return f"req_{record.id.hex}"


def record_call(call: UUID, product: Product, **values: Any) -> RequestRecording:
    """What was written down of a call of the product."""
    found: dict[str, Any] = {
        "recorded_at": clock.now(), "query": "city=Bern", "request_headers": [["accept", "*/*"]], "status": 200,
        "request_body": "", "answer_headers": [["x-a", "b"]], "answer_body": '{"sky": "<b>clear</b>"}',
    }  # fmt: skip
    return RequestRecording.objects.create(id=call, product=product, **found | values)
