import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from apps.core.errors import Invalid, NotFound
from apps.usage import selectors
from apps.usage.models import UsageEvent
from apps.usage.selectors import RequestFilters, Scope
from tests.usage.support import Consumer, refuse, store

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 3, 15, 12, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
TICK = dt.timedelta(milliseconds=1)


def test_the_log_shows_forwarded_and_refused_calls_newest_first(alice: Consumer, charlie: Consumer) -> None:
    first = store(alice, NOON)
    refused = refuse(alice, NOON + TICK)
    failed = store(alice, NOON + 2 * TICK, status=500)
    store(charlie, NOON)
    refuse(charlie, NOON)
    scope = Scope.of_subscription(alice.subscription)

    def ids(**filters: object) -> list[object]:
        return [entry.call.pk for entry in selectors.list_requests(scope, RequestFilters(**filters)).entries]  # type: ignore[arg-type]

    assert ids() == [failed.id, refused.id, first.id]
    assert ids(outcome="ok") == [first.id]
    assert ids(outcome="errors") == [failed.id]
    assert ids(outcome="rejected") == [refused.id]
    assert ids(start=NOON + TICK, end=NOON + 2 * TICK) == [refused.id]
    assert ids(endpoint_id=alice.endpoint.pk + 1) == []
    assert ids(api_key_id=alice.key.pk) == [failed.id, refused.id, first.id]
    (entry,) = selectors.list_requests(scope, RequestFilters(outcome="rejected")).entries
    assert entry.is_rejected
    assert entry.rejection is not None
    assert (entry.rejection.code, entry.rejection.policy, entry.rejection.limit) == ("quota_exceeded", "monthly", 10)
    assert (entry.subscription, entry.endpoint, entry.api_key) == (alice.subscription, alice.endpoint, alice.key)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moments=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=9), limit=st.integers(1, 5))
def test_pages_show_every_call_once(alice: Consumer, moments: list[tuple[int, bool]], limit: int) -> None:
    UsageEvent.objects.all().delete()
    for moment, is_refused in moments:
        (refuse if is_refused else store)(alice, NOON + moment * TICK)
    product = Scope.of_product(alice.subscription.product)
    start = RequestFilters(start=NOON, end=NOON + 4 * TICK)
    whole = selectors.list_requests(product, start, limit=1_000)
    assert whole.next_cursor == ""
    seen, cursor = [], ""
    while True:
        page = selectors.list_requests(product, start, cursor, limit=limit)
        assert len(page.entries) <= limit
        seen += page.entries
        # What comes meanwhile is on no later page.
        store(alice, NOON + 5 * TICK)
        cursor = page.next_cursor
        if not cursor:
            break
    assert [entry.request_id for entry in seen] == [entry.request_id for entry in whole.entries]
    instants = [entry.call.occurred_at for entry in seen]
    assert instants == sorted(instants, reverse=True)


@pytest.mark.parametrize("cursor", ["x", "1.2", "9" * 40 + "." + "0" * 32, "." + "0" * 32, "1"])
def test_a_cursor_that_is_none_of_ours_is_refused(alice: Consumer, cursor: str) -> None:
    with pytest.raises(Invalid):
        selectors.list_requests(Scope.of_subscription(alice.subscription), cursor=cursor)


def test_the_log_asks_a_constant_number_of_queries(
    alice: Consumer, bob: Consumer, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    scope = Scope.of_product(alice.subscription.product)
    for _ in range(2):
        for consumer in (alice, bob):
            for number in range(5):
                store(consumer, NOON + number * TICK)
                refuse(consumer, NOON + number * TICK)
        with django_assert_num_queries(5):
            for entry in selectors.list_requests(scope).entries:
                str((entry.subscription, entry.endpoint, entry.api_key))


def test_a_single_call_is_found_within_its_scope_only(alice: Consumer, charlie: Consumer) -> None:
    event, rejection = store(alice, NOON), refuse(alice, NOON)
    mine, theirs = Scope.of_subscription(alice.subscription), Scope.of_subscription(charlie.subscription)
    assert selectors.get_request(mine, f"req_{event.id.hex}").event is not None
    assert selectors.get_request(mine, f"req_{rejection.id.hex}").rejection is not None
    for request_id in (f"req_{event.id.hex}", f"req_{rejection.id.hex}"):
        with pytest.raises(NotFound):
            selectors.get_request(theirs, request_id)
    for nonsense in ("", "req_", "req_xyz", "req_" + "0" * 32, "\x00"):
        with pytest.raises(NotFound):
            selectors.get_request(mine, nonsense)


def test_the_same_id_of_two_tenants_is_two_calls(alice: Consumer, charlie: Consumer) -> None:
    event = store(alice, NOON)
    store(charlie, NOON + TICK, id=event.id)
    for consumer in (alice, charlie):
        entry = selectors.get_request(Scope.of_subscription(consumer.subscription), f"req_{event.id.hex}")
        assert entry.subscription == consumer.subscription
