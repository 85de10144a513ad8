"""The sandbox clock: forward only, the same for every process, refused where there is none."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import override_settings
from pytest_django import Settings

from apps.accounts.models import Organization
from apps.core import clock
from apps.core.clock import ClockRefused
from apps.core.models import Change, SandboxClock
from apps.core.transactions import committed
from tests.threads import at_once

HOUR = dt.timedelta(hours=1)


def ahead() -> dt.timedelta:
    """How far the installation's time is ahead of the real one, to the nearest second."""
    return dt.timedelta(seconds=round((clock.now() - dt.datetime.now(dt.UTC)).total_seconds()))


@pytest.mark.django_db(transaction=True)
class TestAdvance:
    def test_time_is_real_until_it_is_moved(self) -> None:
        assert ahead() == dt.timedelta()
        assert clock.now().tzinfo is dt.UTC

    def test_it_moves_forward_and_adds_up(self) -> None:
        assert clock.advance(HOUR) == HOUR
        assert ahead() == HOUR
        assert clock.advance(2 * HOUR) == 3 * HOUR
        assert ahead() == 3 * HOUR == clock.offset()

    def test_other_processes_hear_of_it(self) -> None:
        clock.advance(HOUR)
        assert [change.topic for change in Change.objects.all()] == ["clock"]
        other = clock._Offset()
        assert other.get() == HOUR

    def test_it_never_goes_back(self) -> None:
        clock.advance(HOUR)
        with pytest.raises(ClockRefused, match="forward"):
            clock.advance(-HOUR)
        assert ahead() == HOUR
        with pytest.raises(IntegrityError):
            SandboxClock.objects.update(offset=-HOUR)

    def test_a_rolled_back_move_did_not_happen(self) -> None:
        with transaction.atomic():
            clock.advance(HOUR)
            transaction.set_rollback(True)
        assert clock.refresh() == dt.timedelta()
        assert ahead() == dt.timedelta()

    @pytest.mark.parametrize("by", [dt.timedelta.max, clock.OFFSET_MAX + dt.timedelta(microseconds=1)])
    def test_it_cannot_be_moved_out_of_the_calendar(self, by: dt.timedelta) -> None:
        with pytest.raises(ClockRefused, match="50 years"):
            clock.advance(by)
        clock.advance(clock.OFFSET_MAX)
        assert clock.now().year < 2200
        with pytest.raises(ClockRefused):
            clock.advance(dt.timedelta(microseconds=1))

    def test_moves_at_once_all_count(self) -> None:
        for round_ in range(1, 6):
            at_once(*[lambda: clock.advance(HOUR)] * 4)
            assert clock.refresh() == round_ * 4 * HOUR

    def test_there_is_one_clock(self) -> None:
        clock.advance(HOUR)
        with pytest.raises(IntegrityError):
            SandboxClock.objects.create(pk=2)


@pytest.mark.django_db
class TestWithoutSandbox:
    def test_moving_is_refused(self, settings: Settings) -> None:
        settings.SANDBOX_CLOCK = False
        with pytest.raises(ClockRefused):
            clock.advance(HOUR)
        assert not SandboxClock.objects.exists()

    def test_an_offset_in_the_database_is_not_looked_at(self, settings: Settings) -> None:
        SandboxClock.objects.create(pk=1, offset=HOUR)
        settings.SANDBOX_CLOCK = False
        assert ahead() == dt.timedelta() == clock.offset()


@override_settings(SANDBOX_CLOCK=False)
def test_a_production_clock_asks_no_database() -> None:
    # Without the `django_db` mark, a query would be an error.
    assert ahead() == dt.timedelta()


@pytest.mark.django_db(transaction=True)
def test_the_last_known_offset_stands_while_the_database_is_away() -> None:
    clock.advance(HOUR)
    clock._offset.read_at = float("-inf")
    right = connection.settings_dict["PORT"]
    connection.close()
    connection.settings_dict["PORT"] = 1
    try:
        assert ahead() == HOUR
    finally:
        connection.settings_dict["PORT"] = right


@pytest.mark.django_db
class TestReplay:
    def test_the_block_lives_at_the_instant_and_nothing_else_does(self) -> None:
        at = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
        with clock.as_of(at):
            assert clock.now() == at
            assert clock.is_replaying()
            assert Change.objects.create(topic="now").created_at > at  # by Django's own clock
            organization = Organization.objects.create(name="Then", slug="then")
        assert organization.created_at == at
        assert not clock.is_replaying()
        assert ahead() == dt.timedelta()

    def test_it_ends_with_the_block_also_by_an_error(self) -> None:
        with pytest.raises(ZeroDivisionError), clock.as_of(dt.datetime(2024, 1, 1, tzinfo=dt.UTC)):
            raise ZeroDivisionError
        assert not clock.is_replaying()

    def test_the_future_cannot_be_replayed(self) -> None:
        with pytest.raises(ClockRefused, match="past"), clock.as_of(clock.now() + HOUR):
            raise AssertionError

    @override_settings(SANDBOX_CLOCK=False)
    def test_there_is_none_without_a_sandbox_clock(self) -> None:
        with pytest.raises(ClockRefused), clock.as_of(dt.datetime(2024, 1, 1, tzinfo=dt.UTC)):
            raise AssertionError

    def test_only_a_replay_may_charge_within_a_transaction(self) -> None:
        with transaction.atomic(), pytest.raises(RuntimeError, match="durable"), committed():
            raise AssertionError
        with transaction.atomic(), clock.as_of(dt.datetime(2024, 1, 1, tzinfo=dt.UTC)), committed():
            assert connection.in_atomic_block
