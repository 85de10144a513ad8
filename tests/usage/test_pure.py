"""What needs neither Redis nor Postgres."""

import datetime as dt
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.ids import uuid7
from apps.plans.periods import period_at
from apps.usage.counters.keys import from_milliseconds, milliseconds, parse_stream_id, quota_counter, rate_window
from apps.usage.counters.records import (
    EventRecord,
    Undecodable,
    decode_entry,
    encode_event,
    encode_lease,
    encode_rejection,
)
from apps.usage.counters.terms import Terms, TermsCache
from apps.usage.counters.types import CallSpec, QuotaRule, RejectedCall
from apps.usage.metering import LATENCY_BOUNDS_MS, LATENCY_COUNTS, is_billable, latency_index, latency_percentile
from tests.usage.support import outcome, rate

_FIRST = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
MOMENTS = st.timedeltas(dt.timedelta(), dt.timedelta(days=25_000)).map(lambda passed: _FIRST + passed)


def spec(**values: object) -> CallSpec:
    fields: dict[str, object] = {
        "event_id": uuid7(),
        "subscription_id": 71,
        "product_id": 2,
        "endpoint_id": 3,
        "api_key_id": 4,
        "quota_epoch": 5,
        "units": 6,
        "rates": (),
        "quotas": (),
        "method": "GET",
        "path": "/",
    }
    return CallSpec(**fields | values)  # type: ignore[arg-type]


# --- percentiles ----------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 100_000), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_lies_in_the_bucket_of_the_exact_one(latencies: list[float], fraction: float) -> None:
    counts = [0] * LATENCY_COUNTS
    for latency in latencies:
        counts[latency_index(latency)] += 1
    exact = sorted(latencies)[max(0, math.ceil(fraction * len(latencies)) - 1)]
    bounds = (0, *LATENCY_BOUNDS_MS, math.inf)
    index = latency_index(exact)
    estimate = latency_percentile(counts, fraction)
    assert estimate is not None
    assert bounds[index] <= estimate <= min(bounds[index + 1], LATENCY_BOUNDS_MS[-1])


def test_percentiles_of_nothing_and_of_the_very_slow() -> None:
    assert latency_percentile([0] * LATENCY_COUNTS, 0.5) is None
    assert latency_percentile([0] * (LATENCY_COUNTS - 1) + [3], 0.5) == LATENCY_BOUNDS_MS[-1]


def test_billable() -> None:
    assert [is_billable(status, None) for status in (200, 304, 404, 499, 500, 504)] == [True] * 4 + [False] * 2
    assert is_billable(500, [200, 500])
    assert not is_billable(404, [200, 500])


# --- names and times ------------------------------------------------------------------------------


@given(MOMENTS, MOMENTS, st.sampled_from(["day", "week", "month", "year"]))
def test_a_call_lies_in_a_period_exactly_when_its_milliseconds_do(
    anchored_at: dt.datetime, at: dt.datetime, unit: str
) -> None:
    start, end = period_at(unit, "subscription", anchored_at, at)
    for boundary in (start, end):
        for offset in (-1, 0, 1):
            call_ms = milliseconds(boundary) + offset
            call = from_milliseconds(call_ms)
            assert (start <= call < end) == (milliseconds(start) <= call_ms < milliseconds(end))


@given(st.integers(0, 4_000_000_000_000))
def test_milliseconds_survive(value: int) -> None:
    assert milliseconds(from_milliseconds(value)) == value


def test_milliseconds_are_rounded_up() -> None:
    assert milliseconds(dt.datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=dt.UTC)) == 1


def test_keys_of_a_subscription_share_its_tag() -> None:
    start, end = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
    assert quota_counter(71, 2, start, end) == "af:{u07}:q:71:2:1767225600000-1769904000000"
    assert rate_window(71, "endpoint-3", 60_000) == "af:{u07}:r:71:endpoint-3:60000"


def test_stream_ids_are_ordered_as_numbers() -> None:
    ids = ["9-10", "10-2", "10-10", "9-9"]
    assert sorted(ids, key=parse_stream_id) == ["9-9", "9-10", "10-2", "10-10"]


# --- records --------------------------------------------------------------------------------------


@given(
    path=st.text(max_size=1500),
    method=st.text(max_size=30),
    units=st.integers(0, 10**15),
    status=st.integers(0, 999),
)
def test_an_event_comes_back_as_it_was_written(path: str, method: str, units: int, status: int) -> None:
    call = spec(path=path, method=method)
    data = encode_event(encode_lease(call, ("a", "b")), outcome(units=units, status=status))
    record = decode_entry({"k": "event", "i": call.event_id.hex, "t": "1790000000123", "u": str(units), "d": data})
    assert isinstance(record, EventRecord)
    assert (record.id, record.units, record.status, record.quota_epoch) == (call.event_id, units, status, 5)
    assert record.occurred_at == dt.datetime(2026, 9, 21, 14, 13, 20, 123_000, tzinfo=dt.UTC)
    assert "\x00" not in record.path + record.method
    (record.path + record.method).encode()
    assert (len(record.path), len(record.method)) == (min(len(path), 1000), min(len(method), 16))


@pytest.mark.parametrize("field", ["s", "p", "e", "k", "x", "n", "st", "d", "g", "ri", "ro", "m", "a", "o"])
@pytest.mark.parametrize("value", [None, -1, 1.5, True, [], 10**30])
def test_a_field_that_is_wrong_is_noticed(field: str, value: object) -> None:
    call = spec()
    data = json.loads(encode_event(encode_lease(call, ()), outcome()))
    entry = {"k": "event", "i": call.event_id.hex, "t": "0", "u": "1"}
    assert decode_entry(entry | {"d": json.dumps(data)})
    if field not in "mao":
        with pytest.raises(Undecodable):
            decode_entry(entry | {"d": json.dumps(data | {field: value})})
    del data[field]
    with pytest.raises(Undecodable):
        decode_entry(entry | {"d": json.dumps(data)})


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"k": "event"},
        {"k": "event", "i": "x", "t": "0", "d": "{}"},
        {"k": "rejection", "i": "0" * 32, "t": "9" * 25, "d": "{}", "u": "1"},
        {"k": "rejection", "i": "0" * 32, "t": "0", "d": "[]", "u": "1"},
        {"k": "abandoned", "i": "0" * 32, "t": "0", "d": "7", "u": "1"},
        {"k": "surprise", "i": "0" * 32, "t": "0", "d": "{}"},
    ],
)
def test_an_entry_that_nobody_wrote_is_noticed(entry: dict[str, str]) -> None:
    with pytest.raises(Undecodable):
        decode_entry(entry)


def test_a_rejection_without_subscription() -> None:
    call = RejectedCall(uuid7(), 1, None, None, None, "GET", "/x", 401, "key_missing")
    record = decode_entry({"k": "rejection", "i": call.event_id.hex, "t": "0", "u": "100", "d": encode_rejection(call)})
    assert record is not None
    assert not isinstance(record, EventRecord)
    assert (record.subscription_id, record.code, record.weight, record.counter) == (None, "key_missing", 100, None)


# --- terms ----------------------------------------------------------------------------------------


def test_terms_are_worked_out_once_for_the_same_rules() -> None:
    quotas = (QuotaRule("monthly", 100, "month", "calendar", dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),)
    rates = (rate(5, 1_000),)
    cache, at = TermsCache(), dt.datetime(2026, 3, 5, tzinfo=dt.UTC)

    def ask(**values: object) -> Terms:
        asked = spec(quotas=quotas, **values)
        return cache.find(asked) or cache.renew(asked, at)

    first = ask(rates=rates)
    assert ask(rates=rates) is first
    assert ask(rates=rates, quota_epoch=6) is not first
    assert ask(rates=rates, subscription_id=72) is not first
    assert cache.renew(spec(quotas=quotas, rates=rates), dt.datetime(2026, 4, 1, tzinfo=dt.UTC)) is not first
    assert isinstance(first, Terms)
    assert first.counters == ("af:{u07}:q:71:5:1772323200000-1775001600000",)
