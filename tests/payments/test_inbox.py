"""What a provider tells us is stored once, and acted upon once, however often and in whatever order it comes."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.core import clock
from apps.payments import events, services
from apps.payments.models import ProviderEvent
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def handled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The ids of the events of the kind `test` that were acted upon; `bad…` fails after it has written."""
    done: list[str] = []

    def handle(event: ProviderEvent) -> None:
        if event.event_id.startswith("bad"):
            receive(f"written by {event.event_id}", "left")
            raise RuntimeError(event.event_id)
        done.append(event.event_id)

    monkeypatch.setattr(events, "_handlers", {})
    events.register("test", handle)
    events.register("test", handle)
    return done


def receive(event_id: str, kind: str = "test", **changed: Any) -> ProviderEvent:
    return services.receive_event(provider="sandbox", event_id=event_id, kind=kind, payload={"n": 1}, **changed)


def test_an_event_is_stored_once_and_acted_upon_once(handled: list[str]) -> None:
    first = receive("1", account="acct_1", livemode=True)
    again = services.receive_event(provider="sandbox", event_id="1", kind="other", payload={})
    assert (again.pk, again.kind, again.payload, again.account, again.livemode) == (
        first.pk, "test", {"n": 1}, "acct_1", True,
    )  # fmt: skip
    receive("2", kind="nobody's")
    assert services.process_events() == 2
    receive("1")
    assert services.process_events() == 0
    assert handled == ["1"]
    assert set(ProviderEvent.objects.values_list("attempts", "error")) == {(1, "")}


def test_it_is_processed_once_it_is_committed(handled: list[str], django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        receive("1")
        assert handled == []
    assert handled == ["1"]


def test_one_that_fails_leaves_nothing_and_is_tried_later_and_later(handled: list[str]) -> None:
    receive("bad")
    receive("good")
    waits = []
    for _ in range(4):
        before = clock.now()
        services.process_events()
        event = ProviderEvent.objects.get(event_id="bad")
        waits.append(round((event.next_attempt_at - before).total_seconds()))
        assert services.process_events() == 0, "not before its time"
        ProviderEvent.objects.filter(pk=event.pk).update(next_attempt_at=before)
    assert handled == ["good"]
    assert waits == [15, 30, 60, 120]
    assert (event.attempts, event.error, event.processed_at) == (4, "RuntimeError: bad", None)
    assert not ProviderEvent.objects.filter(kind="left").exists()
    ProviderEvent.objects.filter(pk=event.pk).update(attempts=5000)
    services.process_events()
    event.refresh_from_db()
    assert event.next_attempt_at - clock.now() <= dt.timedelta(hours=6)


def test_what_it_said_is_kept_and_that_it_is_done_with_is_final(handled: list[str]) -> None:
    event = receive("1")
    with pytest.raises(IntegrityError, match="cannot be changed"), transaction.atomic():
        ProviderEvent.objects.update(payload={})
    services.process_events()
    for change in ({"processed_at": None}, {"attempts": 9}):
        with pytest.raises(IntegrityError, match="cannot be changed"), transaction.atomic():
            ProviderEvent.objects.update(**change)
    with pytest.raises(IntegrityError, match="never changed or deleted"), transaction.atomic():
        event.delete()


@pytest.mark.django_db(transaction=True)
def test_several_processes_share_the_work(handled: list[str]) -> None:
    at_once(*[lambda: receive("same")] * 4)
    ProviderEvent.objects.bulk_create(
        ProviderEvent(provider="sandbox", event_id=f"e{number}", kind="test", payload={}) for number in range(20)
    )
    at_once(*[services.process_events] * 3)
    assert sorted(handled) == sorted(["same", *(f"e{number}" for number in range(20))])
    assert set(ProviderEvent.objects.values_list("attempts", flat=True)) == {1}
