"""Money that goes back: refunded after it was paid out, disputed and won, disputed and lost."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.billing import services as billing
from apps.billing.enums import CreditReason
from apps.billing.errors import NothingToCredit
from apps.billing.models import Invoice
from apps.core.errors import DomainError
from apps.ledger.enums import AccountKind
from apps.payments.errors import RefundTooLarge
from apps.payments.models import Dispute, PaymentMethod
from apps.payments.services import lose_sandbox_dispute, process_events, win_sandbox_dispute
from apps.payouts import services as payouts
from apps.payouts.models import Payout
from apps.payouts.selectors import get_statement
from apps.subscriptions import services as subscriptions
from apps.subscriptions.models import Subscription
from tests.billing.world import Shop, fresh
from tests.scenarios.money.world import Story, bills

Begin = Callable[[str], Story]
DISPUTED = "sbx:disputed:visa:0259:2060-12:x"


def somebody_else_sells(begun: Story) -> None:
    """Another creator, whose money lies at the provider, too: what one owes does not make the platform's cash short."""
    other = Shop()
    begun.do(other.buy, other.plan("Dear", 50_000))


def refund(begun: Story, invoice: Invoice, **values: Any) -> None:
    begun.do(
        billing.refund_invoice, actor=begun.creator, invoice=invoice, reason=CreditReason.GOODWILL, **values
    )  # fmt: skip


def decide(begun: Story, dispute: Dispute, *, is_won: bool) -> None:
    """The bank does, and tells us."""
    close = win_sandbox_dispute if is_won else lose_sandbox_dispute
    close(staff=begun.staff, dispute=dispute, reason="The bank has decided")
    process_events()


def sell_one_more(begun: Story) -> Subscription:
    return begun.buy(begun.shop.pro, of=begun.consumer())


def test_a_refund_after_a_payout_is_settled_by_the_next_earnings(story: Begin) -> None:
    begun = story("2027-04-10")
    somebody_else_sells(begun)
    begun.take_payouts()
    subscription = begun.buy(begun.shop.pro)  # 30.00, of which 27.00 are the creator's
    begun.do(subscriptions.cancel_at_period_end, actor=begun.shop.alice, subscription=subscription)
    begun.through("2027-05-02", first="2027-04-30")
    [payout] = Payout.objects.all()
    assert (payout.status, payout.amount, payout.scheduled_on.isoformat()) == ("paid", 2700, "2027-05-01")

    [invoice] = bills(subscription)
    for part in (1000, 1000):
        refund(begun, invoice, amount=part)
    with pytest.raises(DomainError):
        billing.refund_invoice(
            actor=begun.creator, invoice=fresh(invoice), reason=CreditReason.GOODWILL, amount=1001
        )  # fmt: skip
    refund(begun, invoice)
    with pytest.raises(NothingToCredit):
        billing.refund_invoice(actor=begun.creator, invoice=fresh(invoice), reason=CreditReason.GOODWILL)
    assert (begun.earned().negative_amount, begun.earned().available_amount) == (2700, 0)
    begun.check()
    with pytest.raises(DomainError):
        payouts.request_payout(actor=begun.creator, currency="USD")

    sell_one_more(begun)
    assert (begun.earned().total_amount, begun.earned().available_amount) == (0, 0)
    sell_one_more(begun)
    begun.until("2027-05-15")  # after the hold, within the month: the rest is what is available
    assert begun.earned().available_amount == 2700
    begun.until("2027-06-01")
    assert list(Payout.objects.order_by("pk").values_list("amount", "status")) == [(2700, "paid"), (2700, "paid")]
    may = get_statement(begun.creator, month="2027-05", currency="USD")
    assert (may.opening_amount, may.refund_amount, may.payout_amount) == (2700, -3000, -2700)
    begun.end()


@pytest.mark.parametrize("is_won", [True, False])
def test_a_dispute(story: Begin, is_won: bool) -> None:
    begun = story("2027-04-10")
    somebody_else_sells(begun)
    before = begun.on(AccountKind.PROVIDER_CASH)
    checkout = begun.do(billing.start_checkout, actor=begun.shop.alice, plan=begun.shop.pro)
    card = begun.shop.card("disputed", is_default=True)
    begun.do(billing.pay_checkout, actor=begun.shop.alice, checkout=checkout, method=card)
    invoice = checkout.invoice
    assert invoice is not None
    begun.through("2027-04-13")
    dispute = Dispute.objects.get()
    assert (dispute.amount, dispute.fee_amount, dispute.status) == (3000, 1500, "needs_response")
    assert begun.earned().total_amount == 0
    assert begun.on(AccountKind.PROVIDER_CASH) == before - 1500, "the money and the fee are gone at once"
    with pytest.raises(RefundTooLarge):
        billing.refund_invoice(actor=begun.creator, invoice=invoice, reason=CreditReason.GOODWILL)
    begun.check()
    PaymentMethod.objects.filter(pk=card.pk).update(token="sbx:succeeds:visa:4242:2060-12:x")

    begun.do(decide, begun, dispute, is_won=is_won)
    begun.through("2027-04-20")
    assert fresh(dispute).status == ("won" if is_won else "lost")
    assert begun.earned().total_amount == (2700 if is_won else 0)
    assert begun.on(AccountKind.PROVIDER_FEES) == (0 if is_won else 1500), "the platform bears the fee"
    assert begun.on(AccountKind.PROVIDER_CASH) == before + (3000 if is_won else -1500)
    begun.until("2027-05-10")
    april = get_statement(begun.creator, month="2027-04", currency="USD")
    assert (april.gross_amount, april.dispute_amount, april.closing_amount) == (
        (3000, 0, 2700) if is_won else (3000, -3000, 0)
    )
    assert april.dispute_amount + april.gross_amount + april.commission_amount == april.closing_amount
    begun.end()


def test_a_dispute_that_is_lost_after_a_payout_leaves_the_platform_short_until_it_is_earned(story: Begin) -> None:
    begun = story("2027-04-10")
    begun.take_payouts()
    subscription = begun.buy(begun.shop.pro)
    begun.until("2027-05-01")
    assert begun.earned().total_amount == 0
    PaymentMethod.objects.update(token=DISPUTED)
    begun.until("2027-05-10")  # renewed
    begun.through("2027-05-12")
    lost = Dispute.objects.get()
    begun.do(decide, begun, lost, is_won=False)
    begun.jobs()
    assert begun.on(AccountKind.PROVIDER_CASH) == 300 - 1500
    assert len(bills(subscription)) == 2
    sell_one_more(begun)
    assert begun.earned().pending_amount == 2700
    begun.end()
