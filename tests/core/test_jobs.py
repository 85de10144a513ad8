"""Jobs leave after the commit, and only then."""

import logging

import pytest
from celery import Celery, current_app
from celery.exceptions import NotRegistered
from django.db import transaction

from apps.core.jobs import enqueue
from apps.core.models import Change
from config.celery import app as our_app

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ran() -> list[int]:
    numbers: list[int] = []

    @our_app.task(name="tests.note", shared=False)
    def note(number: int) -> None:
        numbers.append(number)

    yield numbers
    our_app.tasks.unregister("tests.note")


def test_a_job_runs_after_the_commit(ran: list[int]) -> None:
    with transaction.atomic():
        enqueue("tests.note", number=1)
        assert ran == []
    assert ran == [1]


def test_a_job_of_a_rolled_back_transaction_never_runs(ran: list[int]) -> None:
    with transaction.atomic():
        enqueue("tests.note", number=1)
        transaction.set_rollback(True)
    assert ran == []


def test_a_name_that_no_task_has_stops_the_transaction() -> None:
    def work() -> None:
        Change.objects.create(topic="work")
        enqueue("tests.nothing")

    with pytest.raises(NotRegistered):
        transaction.atomic(work)()
    assert not Change.objects.exists()


def test_work_is_kept_when_the_broker_does_not_answer(caplog: pytest.LogCaptureFixture) -> None:
    away = Celery("away", broker="redis://127.0.0.1:1/0", set_as_current=False)

    @away.task(name="tests.away")
    def never(number: int) -> None:
        raise AssertionError

    away.set_current()
    try:
        with caplog.at_level(logging.ERROR), transaction.atomic():
            assert current_app.conf.task_always_eager is False
            Change.objects.create(topic="work")
            enqueue("tests.away", number=1)
    finally:
        our_app.set_current()
    assert Change.objects.exists()
    assert "tests.away with {'number': 1} was not enqueued" in caplog.text
