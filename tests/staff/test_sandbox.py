"""What staff set going in development: the clock, and a test webhook."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import AuditEvent
from apps.core import clock
from apps.payments.models import ProviderEvent
from tests.billing.world import NOW, Shop, invoices, move_clock
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db

CLOCK, ADVANCE = "admin:core_sandboxclock_changelist", "admin:core_sandboxclock_advance"
EVENTS, SEND = "admin:payments_providerevent_changelist", "admin:payments_providerevent_send_test"


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def shop() -> Shop:
    move_clock(NOW)
    return Shop()


def test_the_clock_is_moved_and_what_falls_due_is_done(
    staff: Client,
    shop: Shop,
    django_capture_on_commit_callbacks: Any,
) -> None:
    shop.buy(shop.pro)
    before = clock.now()
    assert 'value="31"' in staff.get(reverse(CLOCK)).content.decode()
    for days in ("", "0", "63", "x"):
        assert "from 1 to 62" in staff.post(reverse(ADVANCE), {"days": days}, follow=True).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        answer = staff.post(reverse(ADVANCE), {"days": "31"})
    assert answer["Location"] == reverse(CLOCK)
    assert dt.timedelta(days=31) <= clock.now() - before < dt.timedelta(days=31, minutes=5)
    assert [one.status for one in invoices()] == ["paid", "paid"]
    moved = AuditEvent.objects.get(action="clock.advanced")
    assert (moved.actor_id, moved.data) == (int(staff.session["_auth_user_id"]), {"days": 31})


def test_a_test_webhook_goes_through_the_inbox(staff: Client, django_capture_on_commit_callbacks: Any) -> None:
    assert "Send a test webhook" in staff.get(reverse(EVENTS)).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        staff.post(reverse(SEND))
    event = ProviderEvent.objects.get()
    assert (event.kind, event.attempts, event.error) == ("sandbox.test", 1, "")
    assert event.processed_at
    assert AuditEvent.objects.get().target == event.public_id
    assert staff.get(reverse(SEND)).status_code == 302
    assert ProviderEvent.objects.count() == 1


@pytest.mark.parametrize("name", [ADVANCE, SEND])
def test_neither_is_for_others_nor_for_a_real_installation(staff: Client, settings: Any, name: str) -> None:
    reader = Client()
    reader.force_login(UserFactory(is_staff=True))
    assert reader.post(reverse(name), {"days": "1"}).status_code == 403
    settings.SANDBOX_CLOCK = False
    assert staff.post(reverse(name), {"days": "1"}).status_code == 403
    for page in (CLOCK, EVENTS):
        text = staff.get(reverse(page)).content.decode()
        assert "Move the clock forward" not in text
        assert "Send a test webhook" not in text
    assert not ProviderEvent.objects.exists()
