import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction

from apps.core.ids import uuid7
from apps.usage.models import UsageEvent
from apps.usage.partitions import ensure_partitions

pytestmark = pytest.mark.django_db


def event(occurred_at: dt.datetime, **values: object) -> UsageEvent:
    fields = {
        "id": uuid7(),
        "occurred_at": occurred_at,
        "subscription_id": 1,
        "product_id": 1,
        "endpoint_id": 1,
        "api_key_id": 1,
        "quota_epoch": 0,
        "units": 1,
        "method": "GET",
        "path": "/",
        "status": 200,
        "outcome": "completed",
        "duration_us": 1,
        "origin_us": 1,
        "request_bytes": 0,
        "response_bytes": 0,
    }
    return UsageEvent(**fields | values)


def partition_of(row: UsageEvent) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM usage_usageevent WHERE id = %s", [row.pk])
        return str(cursor.fetchone()[0])


def test_the_months_around_now_have_partitions_after_migrating() -> None:
    now = dt.datetime.now(dt.UTC)
    row = event(now)
    row.save(force_insert=True)
    assert partition_of(row) == f"usage_usageevent_{now:%Y_%m}"
    assert ensure_partitions(now) == []


def test_an_event_of_a_month_without_a_partition_is_kept_and_moves_when_it_gets_one() -> None:
    first, last = dt.datetime(2041, 5, 1, tzinfo=dt.UTC), dt.datetime(2041, 5, 31, 23, 59, 59, 999999, tzinfo=dt.UTC)
    later = dt.datetime(2041, 12, 1, tzinfo=dt.UTC)
    rows = [event(first), event(last), event(later)]
    for row in rows:
        row.save(force_insert=True)
        assert partition_of(row) == "usage_usageevent_default"

    assert ensure_partitions(dt.datetime(2041, 5, 20, tzinfo=dt.UTC)) == [
        f"usage_usageevent_2041_{month:02}" for month in (4, 5, 6, 7, 8)
    ]

    assert [partition_of(row) for row in rows] == ["usage_usageevent_2041_05"] * 2 + ["usage_usageevent_default"]
    assert UsageEvent.objects.filter(pk__in=[row.pk for row in rows]).count() == 3


def test_a_call_is_stored_once() -> None:
    row = event(dt.datetime.now(dt.UTC))
    row.save(force_insert=True)
    with pytest.raises(IntegrityError, match="pkey"), transaction.atomic():
        event(row.occurred_at, id=row.pk).save(force_insert=True)
    # The same id at another time is another call: two tenants may not swallow each other's.
    event(row.occurred_at + dt.timedelta(milliseconds=1), id=row.pk).save(force_insert=True)


@pytest.mark.parametrize("field", ["quota_epoch", "status", "duration_us", "origin_us", "request_bytes"])
def test_the_table_checks_what_the_model_says(field: str) -> None:
    with pytest.raises(IntegrityError, match="check"), transaction.atomic():
        event(dt.datetime.now(dt.UTC), **{field: -1}).save(force_insert=True)


def test_the_table_and_the_model_have_the_same_columns() -> None:
    with connection.cursor() as cursor:
        columns = {column.name for column in connection.introspection.get_table_description(cursor, "usage_usageevent")}
    assert columns == {field.column for field in UsageEvent._meta.concrete_fields}
