"""The feed of changes: what is committed is heard of, what is rolled back is not."""

import datetime as dt
import threading
import time
import uuid
from collections.abc import Iterator

import pytest
import redis
from django.db import transaction
from pytest_django import Settings

from apps.core.changes import CHANNEL, announce
from apps.core.models import Change
from apps.core.tasks import CHANGES_KEPT, prune_changes

pytestmark = pytest.mark.django_db(transaction=True)

# Redis knows one channel of this name for all its databases: the other workers' tests are heard on it, too.
ONE = f"product:{uuid.uuid4().hex}"
OTHER = f"product:{uuid.uuid4().hex}"


@pytest.fixture
def channel(redis_client: "redis.Redis") -> Iterator["redis.client.PubSub"]:
    with redis_client.pubsub(ignore_subscribe_messages=True) as pubsub:
        pubsub.subscribe(CHANNEL)
        pubsub.get_message(timeout=5)  # the confirmation
        yield pubsub


def heard(channel: "redis.client.PubSub", wait: float = 5) -> str | None:
    """The next of our topics; None when none comes in time."""
    while message := channel.get_message(timeout=wait):
        if (topic := message["data"].decode()) in (ONE, OTHER):
            return topic
    return None


class TestAnnounce:
    def test_listeners_are_woken_once_it_is_committed(self, channel: "redis.client.PubSub") -> None:
        with transaction.atomic():
            announce(ONE)
            assert heard(channel, wait=0.1) is None
        assert heard(channel) == ONE
        assert Change.objects.get().topic == ONE

    def test_what_is_rolled_back_is_not_announced(self, channel: "redis.client.PubSub") -> None:
        with transaction.atomic():
            announce(ONE)
            transaction.set_rollback(True)
        with transaction.atomic():
            announce(OTHER)
        assert heard(channel) == OTHER
        assert [change.topic for change in Change.objects.all()] == [OTHER]

    def test_a_change_whose_message_fails_is_still_in_the_table(self, settings: Settings) -> None:
        settings.CACHE_URL = "redis://127.0.0.1:1/0"
        with transaction.atomic():
            announce("product:1")
        assert Change.objects.get().topic == "product:1"


def test_old_changes_are_deleted_and_new_ones_stay() -> None:
    announce("old")
    Change.objects.update(created_at=dt.datetime.now(dt.UTC) - CHANGES_KEPT - dt.timedelta(minutes=1))
    announce("new")
    prune_changes()
    assert [change.topic for change in Change.objects.all()] == ["new"]


def test_a_broken_redis_costs_little_time(settings: Settings) -> None:
    """A server that takes the connection and never answers: the announcement gives up, the change stands."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.CACHE_URL = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        attempts = []
        server.settimeout(10)
        begun = time.monotonic()
        thread = threading.Thread(target=lambda: attempts.append(server.accept()))
        thread.start()
        announce("product:1")
        thread.join(10)
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()  # it did not try again
        attempts[0][0].close()
    assert time.monotonic() - begun < 60  # the limit of a hang, not a measure of speed
    assert Change.objects.get().topic == "product:1"
