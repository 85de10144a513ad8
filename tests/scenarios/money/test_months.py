"""Months that pass as they should: the first one, an upgrade within one, and those that lack a day."""

import datetime as dt
from collections.abc import Callable

from apps.billing import services as billing
from apps.ledger.enums import AccountKind
from apps.payouts import services as payouts
from apps.payouts.selectors import get_statement
from apps.subscriptions import services as subscriptions
from tests.billing.test_changes import use
from tests.billing.world import fresh
from tests.scenarios.money.world import Story, bills, day, lines, told

Begin = Callable[[str], Story]


def test_a_first_month(story: Begin) -> None:
    """Bought, used beyond the included units, renewed, and paid out to the creator after the hold."""
    begun = story("2027-04-10")
    begun.take_payouts()
    subscription = begun.buy(begun.shop.metered())  # 10.00 a month, 1,000 units, then 2 cents each
    assert begun.earned().pending_amount == 900
    use(subscription, 1200, day("2027-04-20"))

    begun.through("2027-05-09", first="2027-05-08")
    assert len(bills(subscription)) == 1, "nothing is charged before the period is over"
    assert (begun.earned().available_amount, begun.earned().pending_amount) == (900, 0)
    begun.through("2027-05-12")
    first, renewal = bills(subscription)
    assert lines(renewal) == [("plan", 1, 1000), ("overage", 200, 400)]
    assert (renewal.number, renewal.status, renewal.period_start) == ("INV-2027-000002", "paid", first.period_end)
    assert renewal.issued_at is not None
    assert renewal.issued_at.date() == dt.date(2027, 5, 10)

    assert (begun.earned().available_amount, begun.earned().pending_amount) == (900, 1260)
    begun.until("2027-05-18")
    payout = begun.do(payouts.request_payout, actor=begun.creator, currency="USD")
    begun.jobs()
    assert (fresh(payout).status, payout.amount) == ("paid", 2160)
    assert (begun.on(AccountKind.PROVIDER_CASH), begun.on(AccountKind.PLATFORM_COMMISSION)) == (240, -240)

    april, may = (get_statement(begun.creator, month=month, currency="USD") for month in ("2027-04", "2027-05"))
    assert (april.gross_amount, april.commission_amount, april.closing_amount) == (1000, -100, 900)
    assert (may.gross_amount, may.commission_amount, may.payout_amount, may.closing_amount) == (1400, -140, -2160, 0)
    begun.end()


def test_an_upgrade_in_mid_cycle_and_the_way_back_at_its_end(story: Begin) -> None:
    begun = story("2027-04-10")
    subscription = begun.buy(begun.shop.basic)  # 10.00
    begun.until("2027-04-25")
    # 15 days of 30 (less an hour): 30.00 and 10.00, times 359/720 of the time.
    change = begun.upgrade(subscription, begun.shop.pro)
    assert lines(change) == [("proration_charge", 1, 1496), ("proration_credit", 1, -499)]
    changed = fresh(subscription)
    assert (changed.plan, changed.current_period_end) == (begun.shop.pro, subscription.current_period_end)

    begun.do(
        billing.start_plan_change,
        actor=begun.actor_of(subscription),
        subscription=changed,
        plan=begun.shop.basic,
    )
    assert len(bills(subscription)) == 2, "what costs less begins with the next period, and nothing is paid out"
    begun.until("2027-05-10")
    begun.until("2027-06-10")
    assert told(bills(subscription)) == [
        ("subscribe", 1000, "paid"),
        ("plan_change", 997, "paid"),
        ("renewal", 1000, "paid"),
        ("renewal", 1000, "paid"),
    ]
    begun.do(subscriptions.cancel_at_period_end, actor=begun.actor_of(subscription), subscription=subscription)
    begun.until("2027-08-01")
    assert (len(bills(subscription)), fresh(subscription).status) == (4, "canceled")
    begun.end()


def test_anchors_at_the_end_of_a_month_through_two_februaries(story: Begin) -> None:
    """Begun on 29, 30 and 31 January 2027: the last day where a month is shorter, and back to the anchor after it."""
    begun = story("2027-01-29")
    bought = []
    for number in (29, 30, 31):
        if number > 29:
            begun.until(f"2027-01-{number}")
        shop = begun.consumer()
        bought.append(begun.buy(begun.shop.basic, of=shop))
    last_days = [28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 29]  # from February 2027 to February 2028
    for month in range(2, 15):
        year, number = 2027 + month // 12, month % 12 + 1
        if month in (2, 3, 14):
            begun.until(f"{2027 + (month - 1) // 12}-{(month - 1) % 12 + 1:02}-27")
            assert all(len(bills(one)) == month - 1 for one in bought), "the first of the three is due on the 28th"
        begun.until(f"{year}-{number:02}-01")
        assert all(len(bills(one)) == month for one in bought)
    for anchor, subscription in zip((29, 30, 31), bought, strict=True):
        issued = bills(subscription)
        assert told(issued) == [("subscribe", 1000, "paid")] + 13 * [("renewal", 1000, "paid")]
        assert [one.period_start.day for one in issued[1:]] == [min(anchor, last) for last in last_days]
        assert [one.period_end for one in issued[:-1]] == [one.period_start for one in issued[1:]]
    assert begun.earned().total_amount == 3 * 14 * 900
    begun.end()


def test_a_year_from_29_february(story: Begin) -> None:
    begun = story("2028-02-29")
    yearly, monthly = begun.consumer(), begun.consumer()
    year = begun.buy(begun.shop.plan("Yearly", 10_000, interval="year"), of=yearly)
    month = begun.buy(begun.shop.basic, of=monthly)
    # Nobody ran the jobs for a year and a day: each period is charged once all the same, on the days that it has.
    begun.until("2029-03-01")
    begun.do(subscriptions.cancel_at_period_end, actor=monthly.alice, subscription=month)
    begun.until("2032-03-01")
    starts = [one.period_start.date().isoformat() for one in bills(year)]
    assert starts == ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]
    issued = bills(month)
    assert len(issued) == 1 + 12
    assert {one.period_start.day for one in issued if one.period_start.month != 2} == {29}
    assert [one.period_end for one in issued[:-1]] == [one.period_start for one in issued[1:]]
    begun.end()
