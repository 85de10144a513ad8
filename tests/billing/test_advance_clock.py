"""A month in seconds: `manage.py advance_clock` moves the clock and does what falls due."""

import datetime as dt
import io

import pytest
from django.core.management import CommandError, call_command

from apps.core import clock
from apps.subscriptions import services as subscriptions
from tests.billing.world import Shop, fresh, invoices, meter_has_stored

pytestmark = pytest.mark.django_db


def advance(by: str) -> str:
    out = io.StringIO()
    call_command("advance_clock", by, stdout=out)
    return out.getvalue()


@pytest.mark.long
def test_two_months_renew_twice_on_their_days_and_end_what_was_canceled(shop: Shop) -> None:
    subscription = shop.buy(shop.pro)
    before = clock.now()
    said = advance("65d")
    assert 65 * 86400 <= (clock.now() - before).total_seconds() < 65 * 86400 + 300
    assert "periods turned: 2" in said
    assert "invoices collected: 2" in said
    assert [(one.status, (one.issued_at - before).days) for one in invoices()[1:]] == [("paid", 30), ("paid", 61)]
    subscriptions.cancel_at_period_end(actor=shop.alice, subscription=subscription)
    assert "invoices" not in advance("30d")
    assert fresh(subscription).status == "canceled"


def test_what_the_meter_has_not_stored_is_named_and_issued_later(shop: Shop) -> None:
    subscription = shop.buy(shop.metered())
    out = io.StringIO()
    call_command("advance_clock", "32d", "--patience", "0.1", stdout=out)
    assert "invoices that wait for the meter: 1" in out.getvalue()
    meter_has_stored(subscription, clock.now())
    assert "invoices collected: 1" in advance("1h")


@pytest.mark.parametrize("by", ["", "32", "d", "0d", "1.5d", "3w"])
def test_what_is_no_span_is_refused(by: str) -> None:
    with pytest.raises(CommandError, match="32d or 12h"):
        advance(by)


def test_days_may_be_said_as_a_number() -> None:
    before = clock.now()
    call_command("advance_clock", "--days", "2", stdout=io.StringIO())
    assert dt.timedelta(days=2) <= clock.now() - before < dt.timedelta(days=2, minutes=5)
    for wrong in (["--days", "0"], ["--days", "2d"], ["2d", "--days", "2"], []):
        with pytest.raises(CommandError):
            call_command("advance_clock", *wrong)


def test_a_real_clock_is_not_moved(settings: object) -> None:
    settings.SANDBOX_CLOCK = False  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="cannot be moved"):
        advance("12h")
