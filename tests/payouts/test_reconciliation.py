"""The provider's list against the books: what is missing, extra or changed is found and named."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail

from apps.billing.models import Invoice
from apps.core import clock
from apps.ledger.checks import list_faults
from apps.payments.models import Payment, SandboxCharge
from apps.payments.providers.base import BalanceKind, BalanceTransaction
from apps.payments.providers.sandbox.provider import SandboxProvider
from apps.payouts import services
from apps.payouts.models import ReconciliationRun
from apps.payouts.selectors.cash import list_cash_movements
from tests.billing.world import Shop
from tests.database import unguarded
from tests.payouts.world import amount_on

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def shop() -> Shop:
    """Three sales, of 10.00, 10.00 and 30.00."""
    shops = [Shop(), Shop(), Shop()]
    for shop in shops[:2]:
        shop.buy(shop.basic)
    shops[2].buy(shops[2].pro)
    return shops[0]


def run() -> ReconciliationRun:
    return services.reconcile(since=clock.now() - HOUR, until=clock.now() + HOUR)


def found(of: ReconciliationRun) -> set[tuple[str, str, str, int | None, int | None]]:
    return {
        (fault.kind, fault.source, fault.transaction, fault.booked_amount, fault.provider_amount)
        for fault in of.faults.all()
    }


def test_books_that_agree_have_no_fault(shop: Shop) -> None:
    made = run()
    assert (made.transactions, made.entries, found(made)) == (3, 3, set())
    assert list(list_faults()) == []
    assert services.reconcile(since=clock.now() + HOUR, until=clock.now() + 2 * HOUR).transactions == 0


def test_what_another_provider_moved_is_compared_with_its_own_list(shop: Shop, settings: Any) -> None:
    settings.PAYMENT_PROVIDER = "stripe"
    span = {"since": clock.now() - HOUR, "until": clock.now() + HOUR}
    assert list_cash_movements(provider="stripe", **span) == []
    assert len(list_cash_movements(provider="sandbox", **span)) == 3
    assert services.reconcile(provider="sandbox", **span).entries == 3
    sale = Payment.objects.first()
    assert sale is not None
    with unguarded():
        Payment.objects.filter(pk=sale.pk).update(reference="inv_other")
    [left] = list_cash_movements(provider="stripe", **span)
    assert (left.source, left.reference) == (f"invoice.paid:{sale.reference}", ""), "nobody is known to have moved it"


def test_what_differs_is_named(shop: Shop, settings: Any) -> None:
    settings.STAFF_EMAILS = ["books@example.com"]
    charges = list(SandboxCharge.objects.order_by("pk"))
    payments = {payment.provider_reference: payment for payment in Payment.objects.all()}
    sources = [f"invoice.paid:{payments[charge.reference].reference}" for charge in charges]
    with unguarded():
        SandboxCharge.objects.filter(pk=charges[0].pk).delete()
        SandboxCharge.objects.filter(pk=charges[1].pk).update(amount=1001)
        extra = SandboxCharge.objects.create(
            idempotency_key="x", token="x", amount=777, currency="USD", reference="sbx_ch_extra"
        )
    mail.outbox.clear()
    assert found(run()) == {
        ("missing", sources[0], "", 1000, None),
        ("changed", sources[1], f"txn_{charges[1].reference}", 1000, 1001),
        ("extra", "", f"txn_{extra.reference}", None, 777),
    }
    assert [message.to for message in mail.outbox] == [["books@example.com"]]
    assert sources[0] in str(mail.outbox[0].body)


def test_fees_are_booked_once_from_the_list(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    real = SandboxProvider.list_balance_transactions

    def with_fees(self: SandboxProvider, **span: Any) -> Iterator[BalanceTransaction]:
        for one in real(self, **span):
            yield BalanceTransaction(one.id, one.kind, one.amount, 59, one.currency, one.source, one.occurred_at)
        yield BalanceTransaction("txn_fee", BalanceKind.FEE, -200, 0, "USD", "monthly", clock.now())

    monkeypatch.setattr(SandboxProvider, "list_balance_transactions", with_fees)
    before = amount_on("provider_cash")
    assert (found(run()), found(run())) == (set(), set())
    assert (amount_on("provider_fees"), amount_on("provider_cash")) == (3 * 59 + 200, before - 3 * 59 - 200)
    assert Invoice.objects.count() == 3
