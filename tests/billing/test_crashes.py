"""A process that dies in the middle of a night: whoever goes on leaves one invoice, one charge, one booking."""

import datetime as dt
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from apps.billing import services
from apps.billing.models import Invoice
from apps.billing.services import cycle, settlement
from apps.payments.models import Payment, SandboxCharge
from apps.payments.providers.sandbox.provider import SandboxProvider
from apps.payments.services import settle_payments
from tests import processes
from tests.billing.world import NOW, Shop, move_clock
from tests.factories.actors import make_actor
from tests.scenarios.money.books import check_books

MONTH = NOW + dt.timedelta(days=30, hours=1)


class Death(BaseException):
    """What no handler of errors catches."""


def dies(real: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
    """Does nothing, or all of its work, and is gone."""

    def once(*args: Any, **kwargs: Any) -> Any:
        if after:
            real(*args, **kwargs)
        raise Death

    return once


def check_renewed(renewals: int) -> None:
    """One invoice for each subscription and period, charged and booked once, and no number is missing."""
    found = Invoice.objects.filter(reason="renewal")
    assert [one.status for one in found] == ["paid"] * renewals
    assert found.values("subscription", "period_start").distinct().count() == renewals
    charged = SandboxCharge.objects.filter(decline_code="")
    assert charged.count() == Payment.objects.filter(status="succeeded").count() == 2 * renewals
    assert sorted(Invoice.objects.values_list("number", flat=True)) == [
        f"INV-2027-{number:06}" for number in range(1, 2 * renewals + 1)
    ]
    check_books()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("place", "name"),
    [
        (cycle, "draft_renewal"),
        (cycle, "issue_invoice"),
        (SandboxProvider, "charge"),
        (settlement, "book_payment"),
    ],
    ids=["drafting", "issuing", "charging", "booking"],
)
def test_who_goes_on_after_a_death_does_each_thing_once(
    place: Any, name: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    move_clock(NOW)
    shop = Shop()
    shop.buy(shop.pro)
    move_clock(MONTH)
    with monkeypatch.context() as patched:
        patched.setattr(place, name, dies(getattr(place, name), after=after))
        with pytest.raises(Death):
            services.close_due_periods()
    services.close_due_periods()
    settle_payments()
    move_clock(MONTH + dt.timedelta(minutes=2))  # long enough that nobody waits for an answer to the dead one
    settle_payments()
    services.close_due_periods()
    check_renewed(1)


WORKER = """
import django
django.setup()
from apps.billing.services import close_due_periods
from apps.payments.services import settle_payments
while True:
    close_due_periods()
    settle_payments()
"""


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_workers_that_are_killed_again_and_again_charge_everybody_once() -> None:
    """Two processes do the work of a night, of which one is killed every now and then."""
    move_clock(NOW)
    shop, buyers = Shop(), 60
    for _ in range(buyers):
        shop.alice = make_actor()
        shop.buy(shop.pro)
    move_clock(MONTH)
    rng = random.Random(4)
    workers = [processes.script("biller", WORKER) for _ in range(2)]

    def paid() -> int:
        return Invoice.objects.filter(reason="renewal", status="paid").count()

    try:
        for worker in workers:
            worker.start()
        for kill in range(8):
            goal = (kill + 1) * buyers // 10
            processes.wait_until(lambda goal=goal: paid() >= goal, seconds=120, what=f"{goal} renewals")
            time.sleep(rng.random() / 20)  # somewhere within a renewal
            victim = workers[kill % 2]
            victim.kill()
            victim.start()
        move_clock(MONTH + dt.timedelta(minutes=2))  # nobody waits any more for answers to those that died
        processes.wait_until(lambda: paid() == buyers, seconds=180, what="the rest of the renewals")
    finally:
        for worker in workers:
            worker.kill()
    check_renewed(buyers)
