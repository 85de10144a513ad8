"""Payouts by hand: what can be paid out, once, with the approvals that it needs, and back once where it fails."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import AuditEvent
from apps.core.errors import Conflict, DomainError, NotAllowed
from apps.notifications.models import Notice
from apps.payouts import amounts, services
from apps.payouts.enums import PayoutStatus
from apps.payouts.errors import (
    AccountMissing,
    AccountNotReady,
    BelowMinimum,
    NotAvailable,
    OnePersonTwice,
    PayoutMoved,
)
from apps.payouts.models import Payout
from apps.payouts.state import TRANSITIONS
from tests.factories.accounts import MembershipFactory
from tests.factories.actors import make_actor
from tests.payouts.world import DAY, account, amount_on, earn, of, staff
from tests.threads import at_once, refusals

pytestmark = pytest.mark.django_db


def parts(balance: Any) -> tuple[int, int, int, int]:
    return balance.pending_amount, balance.reserve_amount, balance.available_amount, balance.negative_amount


def test_earnings_wait_and_what_is_taken_counts_at_once(settings: Any) -> None:
    paid_to, _owner = account()
    creator = paid_to.organization
    assert parts(of(paid_to)) == (0, 0, 0, 0)
    earn(creator, 5000, ago=7 * DAY)
    earn(creator, 3000, ago=7 * DAY - dt.timedelta(seconds=1))
    assert parts(of(paid_to)) == (3000, 0, 5000, 0)
    earn(creator, -1000, ago=0 * DAY)
    assert parts(of(paid_to)) == (3000, 0, 4000, 0)
    earn(creator, -6000, ago=0 * DAY)
    assert parts(of(paid_to)) == (1000, 0, 0, 0)
    earn(creator, -2500, ago=0 * DAY)
    assert parts(of(paid_to)) == (0, 0, 0, 1500)
    earn(creator, 2000, ago=30 * DAY)
    assert parts(of(paid_to)) == (500, 0, 0, 0)
    settings.PAYOUT_RESERVE_PERCENT = amounts.Decimal("12.5")
    earn(creator, 10_001, ago=50 * DAY)
    # Of 5,000 + 2,000 + 10,001, what is older than the hold, one eighth, rounded up; 120 days ago is too long ago.
    earn(creator, 50_000, ago=120 * DAY)
    assert of(paid_to).reserve_amount == 2126
    assert of(paid_to).available_amount == of(paid_to).total_amount - 3000 - 2126


def test_a_payout_is_never_more_than_what_is_available() -> None:
    paid_to, owner = account()
    earn(paid_to.organization, 5000)
    earn(paid_to.organization, 9000, ago=DAY)
    for amount, error in ((5001, NotAvailable), (999, BelowMinimum), (0, BelowMinimum), (-5, BelowMinimum)):
        with pytest.raises(error):
            services.request_payout(actor=owner, currency="USD", amount=amount)
    with pytest.raises(NotAvailable):
        services.request_payout(actor=owner, currency="EUR", amount=5000)
    payout = services.request_payout(actor=owner, currency="usd", amount=3000)
    assert (payout.status, payout.amount, payout.destination["account"]) == ("approved", 3000, paid_to.bank_account)
    assert of(paid_to).available_amount == 2000
    assert (amount_on("payouts_in_transit"), amount_on("platform_bank")) == (-3000, 0)
    rest = services.request_payout(actor=owner, currency="USD")
    assert (rest.amount, of(paid_to).available_amount, of(paid_to).pending_amount) == (2000, 0, 9000)
    with pytest.raises(BelowMinimum):
        services.request_payout(actor=owner, currency="USD")


def test_who_cannot_be_paid_is_told_why() -> None:
    owner = make_actor()
    with pytest.raises(AccountMissing):
        services.request_payout(actor=owner, currency="USD")
    paid_to, owner = account()
    earn(paid_to.organization, 5000)
    with pytest.raises(NotAllowed):
        services.request_payout(actor=make_actor(paid_to.organization, role="developer"), currency="USD")
    services.stop_payouts(staff=staff(), account=paid_to, reason="Looks stolen")
    with pytest.raises(AccountNotReady):
        services.request_payout(actor=owner, currency="USD")
    services.allow_payouts(staff=staff(), account=paid_to, reason="It was not")
    assert services.request_payout(actor=owner, currency="USD").amount == 5000


def test_staff_carry_a_payout_out_and_it_may_come_back_once() -> None:
    paid_to, owner = account()
    boss = staff()
    earn(paid_to.organization, 5000)
    payout = services.request_payout(actor=owner, currency="USD")
    sent = services.mark_sent(staff=boss, payout=payout, reason="SEPA 4711")
    assert (sent.status, sent.reference) == (PayoutStatus.PAID, "SEPA 4711")
    assert (amount_on("payouts_in_transit"), amount_on("platform_bank")) == (0, -5000)
    assert of(paid_to).total_amount == 0
    with pytest.raises(PayoutMoved):
        services.mark_sent(staff=boss, payout=payout, reason="Again")
    back = services.mark_failed(staff=boss, payout=payout, reason="The account is closed")
    assert (back.status, back.failure_code) == (PayoutStatus.REVERSED, "The account is closed")
    # What comes back was earned long ago: it is not held again.
    assert (amount_on("platform_bank"), of(paid_to).available_amount) == (0, 5000)
    for again in (services.mark_failed, services.mark_sent, services.reject_payout):
        with pytest.raises(PayoutMoved):
            again(staff=boss, payout=payout, reason="Once more")
    assert of(paid_to).total_amount == 5000
    another = services.retry_payout(staff=boss, payout=payout, reason="They gave another account")
    assert (another.amount, another.requested_by) == (5000, boss)
    with pytest.raises(PayoutMoved):
        services.retry_payout(staff=boss, payout=payout, reason="A second click")
    titles = set(Notice.objects.filter(user=owner.user).values_list("kind", flat=True))
    assert titles == {"payout.paid", "payout.returned"}
    actions = AuditEvent.objects.filter(target=payout.public_id).order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["payout.created", "payout.paid", "payout.reversed", "payout.retried"]


def test_a_failed_or_canceled_payout_is_in_the_balance_again() -> None:
    paid_to, owner = account()
    earn(paid_to.organization, 5000)
    for end in (
        lambda payout: services.mark_failed(staff=staff(), payout=payout, reason="Wrong number"),
        lambda payout: services.reject_payout(staff=staff(), payout=payout, reason="Not now"),
        lambda payout: services.cancel_payout(actor=owner, payout=payout),
    ):
        payout = services.request_payout(actor=owner, currency="USD")
        assert end(payout).status in PayoutStatus.returned()
        assert (of(paid_to).available_amount, amount_on("payouts_in_transit")) == (5000, 0)


def test_two_people_approve_a_large_payout_and_none_who_asked_for_it() -> None:
    paid_to, owner = account()
    earn(paid_to.organization, 300_000)
    first, second = staff(), staff()
    payout = services.request_payout(actor=owner, currency="USD", amount=100_001)
    assert (payout.status, payout.approvals_needed) == ("pending_approval", 2)
    inside = MembershipFactory(organization=paid_to.organization, user=staff()).user
    owner.user.is_staff = owner.user.is_superuser = True
    owner.user.save()
    for person in (owner.user, inside):
        with pytest.raises(OnePersonTwice):
            services.approve_payout(staff=person, payout=payout, reason="Mine")
    for early in (services.mark_sent, services.mark_failed):
        with pytest.raises(PayoutMoved):
            early(staff=first, payout=payout, reason="Early")
    assert services.approve_payout(staff=first, payout=payout, reason="Known").status == "pending_approval"
    with pytest.raises(OnePersonTwice):
        services.approve_payout(staff=first, payout=payout, reason="Twice")
    assert services.approve_payout(staff=second, payout=payout, reason="Seen").status == "approved"
    with pytest.raises(PayoutMoved):
        services.approve_payout(staff=staff(), payout=payout, reason="Third")
    with pytest.raises(NotAllowed):
        services.approve_payout(staff=staff("view_payout"), payout=payout, reason="No right")
    # Who asked for another one in its place is one of the staff.
    services.mark_failed(staff=first, payout=payout, reason="No such account")
    again = services.retry_payout(staff=first, payout=payout, reason="They gave another one")
    with pytest.raises(OnePersonTwice):
        services.approve_payout(staff=first, payout=again, reason="Known")
    # Small ones of one day count together.
    assert services.request_payout(actor=owner, currency="USD", amount=60_000).approvals_needed == 0
    assert services.request_payout(actor=owner, currency="USD", amount=40_001).approvals_needed == 2


def test_the_database_keeps_what_is_final_and_what_lacks_approvals() -> None:
    paid_to, owner = account()
    earn(paid_to.organization, 300_000)
    small = services.request_payout(actor=owner, currency="USD", amount=2000)
    services.cancel_payout(actor=owner, payout=small)
    large = services.request_payout(actor=owner, currency="USD", amount=200_000)
    for change in (
        f"UPDATE payouts_payout SET amount = amount + 1 WHERE id = {large.pk}",
        f"UPDATE payouts_payout SET status = 'approved' WHERE id = {large.pk}",
        f"UPDATE payouts_payout SET status = 'approved', returned_at = NULL WHERE id = {small.pk}",
        f"DELETE FROM payouts_payout WHERE id = {small.pk}",
        "TRUNCATE payouts_payout CASCADE",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; {change}")
    assert set(TRANSITIONS) == set(PayoutStatus.values)
    assert not any(TRANSITIONS[status] for status in PayoutStatus.returned())


def test_nothing_is_paid_out_of_a_balance_below_zero_until_earnings_settle_it() -> None:
    paid_to, owner = account()
    earn(paid_to.organization, 5000)
    services.mark_sent(staff=staff(), payout=services.request_payout(actor=owner, currency="USD"), reason="x")
    earn(paid_to.organization, -4000, ago=0 * DAY)
    assert parts(of(paid_to)) == (0, 0, 0, 4000)
    with pytest.raises(DomainError):
        services.request_payout(actor=owner, currency="USD")
    earn(paid_to.organization, 3000)
    assert parts(of(paid_to)) == (0, 0, 0, 1000)
    earn(paid_to.organization, 2500)
    assert parts(of(paid_to)) == (0, 0, 1500, 0)
    assert services.request_payout(actor=owner, currency="USD").amount == 1500


def test_a_balance_below_zero_is_written_off_to_the_losses() -> None:
    paid_to, _owner = account()
    boss = staff()
    with pytest.raises(Conflict):
        services.write_off_balances(staff=boss, account=paid_to, reason="Nothing")
    earn(paid_to.organization, -4000, ago=0 * DAY)
    earn(paid_to.organization, -70, ago=0 * DAY, currency="JPY")
    made = services.write_off_balances(staff=boss, account=paid_to, reason="Gone")
    assert sorted((one.amount, one.currency) for one in made) == [(70, "JPY"), (4000, "USD")]
    assert (of(paid_to).total_amount, amount_on("platform_losses"), amount_on("platform_losses", "JPY")) == (
        0,
        4000,
        70,
    )
    assert not of(paid_to).held_amount


@pytest.mark.parametrize(
    ("schedule", "today", "due"),
    [
        ("weekly", "2027-04-12", "2027-04-12"),
        ("weekly", "2027-04-18", "2027-04-12"),
        ("monthly", "2027-04-30", "2027-04-01"),
    ],
)
def test_days_of_a_schedule(schedule: str, today: str, due: str) -> None:
    from apps.payouts.schedules import due_day, next_day

    day = dt.date.fromisoformat(today)
    assert due_day(schedule, day) == dt.date.fromisoformat(due)
    following = next_day(schedule, day)
    assert following is not None
    assert day < following
    assert due_day(schedule, following) == following
    assert due_day(schedule, following - DAY) == dt.date.fromisoformat(due)


def test_the_schedule_pays_once_what_is_enough() -> None:
    weekly, _owner = account(on_schedule=True)
    idle, _owner = account(on_schedule=True)
    stopped, _owner = account(on_schedule=True, status="restricted")
    asked, _owner = account()
    for one in (weekly, stopped, asked):
        earn(one.organization, 5000)
    earn(weekly.organization, 1500, currency="JPY")
    earn(weekly.organization, 999, currency="EUR")
    earn(idle.organization, 5000, ago=DAY)
    assert services.create_scheduled_payouts() == 2
    assert services.create_scheduled_payouts() == 0
    made = Payout.objects.order_by("currency").values_list("organization", "currency", "amount")
    assert list(made) == [(weekly.organization_id, "JPY", 1500), (weekly.organization_id, "USD", 5000)]
    for currency in ("EUR", "USD"):
        earn(weekly.organization, 8000, currency=currency)
        assert services.create_scheduled_payouts() == 0
    assert of(stopped).available_amount == 5000


def test_sums_are_paid_in_the_coins_of_their_currency() -> None:
    assert [amounts.payable(12_345, currency) for currency in ("USD", "HUF", "KWD", "JPY")] == [
        12345,
        12300,
        12340,
        12345,
    ]
    assert amounts.payable(-1, "USD") == 0
    assert (amounts.minimum("USD"), amounts.minimum("JPY"), amounts.minimum("KWD")) == (1000, 10, 10_000)
    paid_to, owner = account()
    earn(paid_to.organization, 5_055, currency="HUF")
    assert services.request_payout(actor=owner, currency="HUF").amount == 5000


@pytest.mark.django_db(transaction=True)
def test_runs_at_the_same_time_make_one_payout() -> None:
    paid_to, owner = account(on_schedule=True)
    earn(paid_to.organization, 5000)
    outcomes = at_once(
        services.create_scheduled_payouts,
        services.create_scheduled_payouts,
        lambda: services.request_payout(actor=owner, currency="USD", amount=5000),
        lambda: services.request_payout(actor=owner, currency="USD", amount=5000),
    )
    assert Payout.objects.count() == 1
    assert amount_on("payouts_in_transit") == -5000
    assert of(paid_to).available_amount == 0
    assert set(refusals(outcomes)) <= {NotAvailable}
    payout = Payout.objects.get()
    boss, other = staff(), staff()
    ends = at_once(
        lambda: services.mark_failed(staff=boss, payout=payout, reason="No such account"),
        lambda: services.mark_failed(staff=other, payout=payout, reason="No such account"),
        lambda: services.cancel_payout(actor=owner, payout=payout),
    )
    assert refusals(ends) == [PayoutMoved, PayoutMoved]
    assert of(paid_to).available_amount == 5000
