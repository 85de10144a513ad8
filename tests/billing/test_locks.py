"""Everybody locks in one order: a purchase that waits for a product holds none of what others take after it."""

import threading
import time
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Q

from apps.accounts.models import AuditEvent
from apps.billing import services
from apps.payments import providers
from apps.payments.errors import PaymentPending, ProviderUnavailable
from apps.payments.models import Payment
from apps.payments.providers.sandbox.provider import SandboxProvider
from apps.payments.services import collect_payment
from apps.subscriptions.locks import lock_product_of_sale, lock_subscription
from tests.billing.world import Shop
from tests.threads import WAIT_SECONDS, at_once, refusals

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

pytestmark = pytest.mark.django_db(transaction=True)


def wait_until_somebody_waits() -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(WAITING)
            if cursor.fetchone() != (0,):
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits for a lock")


def test_a_purchase_in_place_of_another_locks_the_product_first() -> None:
    shop = Shop()
    first = services.start_checkout(actor=shop.alice, plan=shop.pro)
    is_locked = threading.Event()

    def another_purchase() -> None:
        """What `start_checkout` locks, with the other one in between."""
        with transaction.atomic():
            lock_product_of_sale(shop.product.pk)
            is_locked.set()
            wait_until_somebody_waits()
            lock_subscription(first.subscription, Q())

    def purchase() -> str:
        assert is_locked.wait(WAIT_SECONDS)
        return services.start_checkout(actor=shop.alice, plan=shop.basic).status

    assert at_once(another_purchase, purchase) == [None, "open"]


def test_clicks_on_two_plans_at_the_same_time_leave_one_purchase() -> None:
    shop = Shop()
    plans = [shop.basic, shop.pro] * 3
    outcomes = at_once(*(lambda plan=plan: services.start_checkout(actor=shop.alice, plan=plan) for plan in plans))
    assert refusals(outcomes) == []
    assert sum(checkout.status == "open" for checkout in outcomes) == len(plans), "each was open when it was answered"
    assert shop.alice.organization.checkouts.filter(status="open").count() == 1


def test_several_who_ask_what_became_of_a_payment_record_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(SandboxProvider):
        def charge(self, **request: Any) -> Any:
            super().charge(**request)
            raise ProviderUnavailable

    shop = Shop()
    checkout = services.start_checkout(actor=shop.alice, plan=shop.pro)
    with monkeypatch.context() as patched:
        patched.setitem(providers._PROVIDERS, "sandbox", Silent())
        with pytest.raises(PaymentPending):
            services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())
    payment = Payment.objects.get()
    outcomes = at_once(*[lambda: collect_payment(payment=payment)] * 4)
    assert [one.status for one in outcomes] == ["succeeded"] * 4
    assert AuditEvent.objects.filter(action="payment.succeeded").count() == 1
    assert shop.balances()["cash"] == 3000
