"""What a change of plan means, by prices and intervals alone."""

import datetime as dt
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.plans.enums import BillingInterval
from apps.subscriptions.changes import counts_on, keeps_period, kind_of_change
from apps.subscriptions.enums import ChangeKind

NOW, LATER = ChangeKind.NOW, ChangeKind.AT_PERIOD_END
ANCHOR = dt.datetime(2027, 3, 4, 5, 6, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Counted:
    period: str
    anchor: str
    overage: str = "block"


MONTHLY, DAILY, WEEKLY = Counted("month", "subscription"), Counted("day", "calendar"), Counted("week", "subscription")
CHARGED = Counted("month", "subscription", "per_unit")


@dataclass
class Terms:
    price_amount: int
    interval: str = "month"
    currency: str = "USD"


@pytest.mark.parametrize(
    ("current", "target", "kind"),
    [
        (Terms(0), Terms(0), NOW),
        (Terms(0), Terms(900), NOW),
        (Terms(0), Terms(900, "year", "EUR"), NOW),
        (Terms(900), Terms(901), NOW),
        (Terms(900), Terms(900), LATER),
        (Terms(900), Terms(899), LATER),
        (Terms(900), Terms(0), LATER),
        (Terms(900), Terms(0, "year"), LATER),
        (Terms(900), Terms(9000, currency="EUR"), LATER),
        (Terms(900), Terms(12 * 900, "year"), NOW),  # the same a day
        (Terms(900), Terms(12 * 900 - 1, "year"), LATER),  # a discount for a year costs less a day
        (Terms(900), Terms(900, "week"), LATER),  # a shorter interval never now, though it costs more
        (Terms(700, "week"), Terms(3100, "month"), NOW),
        (Terms(700, "week"), Terms(3000, "month"), LATER),
    ],
)
def test_when_it_takes_effect(current: Terms, target: Terms, kind: ChangeKind) -> None:
    assert kind_of_change(current, target) is kind


terms = st.builds(
    Terms, st.integers(0, 10_000), st.sampled_from(BillingInterval.values), st.sampled_from(["USD", "EUR"])
)


@given(terms, terms)
def test_no_round_trip_is_at_once_both_ways(one: Terms, other: Terms) -> None:
    """Else a paid plan could be had for the moment that it is needed."""
    if one.price_amount or other.price_amount:
        assert LATER in {kind_of_change(one, other), kind_of_change(other, one)}


@pytest.mark.parametrize(
    ("current", "target", "keeps"),
    [
        (Terms(900), Terms(1900), True),
        (Terms(0), Terms(0), True),
        (Terms(0), Terms(900), False),
        (Terms(900), Terms(0), False),
        (Terms(900), Terms(900, "year"), False),
    ],
)
def test_the_period_goes_on(current: Terms, target: Terms, keeps: bool) -> None:
    assert keeps_period(current, target) is keeps


@pytest.mark.parametrize(
    ("current", "target", "anchor_stays", "can"),
    [
        ({MONTHLY}, {MONTHLY}, True, True),
        ({MONTHLY}, {MONTHLY}, False, False),
        ({DAILY}, {DAILY}, False, True),
        ({MONTHLY, DAILY}, {DAILY}, False, True),
        ({MONTHLY}, {MONTHLY, WEEKLY}, True, False),
        ({MONTHLY}, {Counted("month", "calendar")}, True, False),
        (set(), {MONTHLY}, True, False),
        ({MONTHLY}, set(), False, True),
        ({CHARGED}, {CHARGED}, True, False),
        ({CHARGED, DAILY}, {DAILY}, True, False),
        ({MONTHLY}, {CHARGED}, True, True),
    ],
)
def test_what_was_used_can_count_where_the_spans_are_the_same_and_nothing_extra_is_charged(
    current: set[Counted], target: set[Counted], anchor_stays: bool, can: bool
) -> None:
    def counts(*, carry_over: bool = True, at: dt.datetime = ANCHOR + dt.timedelta(hours=30)) -> bool:
        return counts_on(current, target, carry_over=carry_over, anchored_at=ANCHOR, anchor_stays=anchor_stays, at=at)

    assert counts() is can
    assert counts(carry_over=False) is (can and not target), "reset, as the creator chose"


def test_at_the_turn_of_every_period_there_is_nothing_to_reset() -> None:
    for carry_over in (True, False):
        assert counts_on({CHARGED}, {MONTHLY}, carry_over=carry_over, anchored_at=ANCHOR, anchor_stays=True, at=ANCHOR)
        assert not counts_on(
            {CHARGED}, {MONTHLY}, carry_over=carry_over, anchored_at=ANCHOR, anchor_stays=False, at=ANCHOR
        )
