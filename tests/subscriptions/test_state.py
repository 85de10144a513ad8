"""The life of a subscription: which status may follow which."""

import itertools

import pytest

from apps.core.errors import Conflict
from apps.subscriptions.enums import SubscriptionStatus as S
from apps.subscriptions.state import TRANSITIONS, check_transition

# From (rows) to (columns, in the same order): x where it may.
TABLE = """
                  pending incompl trial active past_due unpaid paused canceled
pending_approval     .       x      x      x      .        .      .       x
incomplete           .       .      x      x      .        .      .       x
trialing             .       .      .      x      x        .      x       x
active               .       .      .      .      x        .      x       x
past_due             .       .      .      x      .        x      x       x
unpaid               .       .      .      x      .        .      .       x
paused               .       .      x      x      x        x      .       x
canceled             .       .      .      .      .        .      .       .
"""
ORDER = [S.PENDING_APPROVAL, S.INCOMPLETE, S.TRIALING, S.ACTIVE, S.PAST_DUE, S.UNPAID, S.PAUSED, S.CANCELED]
ALLOWED = {
    (S(row.split()[0]), to)
    for row in TABLE.strip().splitlines()[1:]
    for to, mark in zip(ORDER, row.split()[1:], strict=True)
    if mark == "x"
}


@pytest.mark.parametrize(("current", "to"), list(itertools.product(S, S)))
def test_the_table(current: S, to: S) -> None:
    if (current, to) in ALLOWED:
        check_transition(current, to)
        check_transition(str(current), to)
    else:
        with pytest.raises(Conflict) as refused:
            check_transition(current, to)
        assert str(current.label) in refused.value.message
        assert str(to.label) in refused.value.message


def test_every_status_has_a_row() -> None:
    assert set(TRANSITIONS) == set(S)


def test_every_live_status_can_be_canceled_and_no_other_way_ends() -> None:
    for status in S:
        assert (S.CANCELED in TRANSITIONS[status]) is (status in S.live())
    assert TRANSITIONS[S.CANCELED] == frozenset()


def test_every_status_can_be_reached_from_the_beginning() -> None:
    reached, new = set[S](), {S.PENDING_APPROVAL}
    while new:
        reached |= new
        new = {to for status in new for to in TRANSITIONS[status]} - reached
    assert reached == set(S)


def test_groups() -> None:
    assert S.callable() == {S.TRIALING, S.ACTIVE, S.PAST_DUE}
    assert S.live() == set(S) - {S.CANCELED}
