"""Refunds and disputes: never more goes back than was paid, each is recorded once, whatever comes first."""

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import User
from apps.core import clock
from apps.core.errors import Invalid
from apps.payments import outcomes, providers, services
from apps.payments.enums import DisputeStatus
from apps.payments.errors import ProviderUnavailable, RefundTooLarge, UnknownCharge
from apps.payments.models import Dispute, Payment, ProviderEvent, Refund, SandboxMovement
from apps.payments.providers.base import BalanceKind, RefundResult
from apps.payments.providers.sandbox import SandboxProvider, disputes
from apps.payments.selectors import refundable_amount
from apps.payments.services.charging import PATIENCE
from tests.factories.accounts import UserFactory
from tests.factories.payments import PaymentMethodFactory
from tests.threads import at_once, refusals

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the registered handlers hear of refunds and disputes."""
    heard: list[str] = []
    monkeypatch.setattr(outcomes, "_handlers", [])
    monkeypatch.setattr(outcomes, "_refund_handlers", [lambda refund: heard.append(f"refund {refund.status}")])
    monkeypatch.setattr(outcomes, "_dispute_handlers", [lambda dispute: heard.append(f"dispute {dispute.status}")])
    return heard


def paid(amount: int = 1000, behaviour: str = "succeeds", currency: str = "USD") -> Payment:
    method = PaymentMethodFactory(behaviour=behaviour)
    payment = services.claim_payment(
        method=method, amount=amount, currency=currency, reference=f"inv_{method.pk}", created_by=None
    )
    return services.collect_payment(payment=payment)


def claim(payment: Payment, amount: int) -> Refund:
    with transaction.atomic():
        return services.claim_refund(payment=payment, amount=amount, reference="cn_1", reason="Asked for it")


def give_back(payment: Payment, amount: int) -> Refund:
    return services.make_refund(refund=claim(payment, amount))


class SilentProvider(SandboxProvider):
    """Refunds, and loses its answer the first time."""

    asked = 0

    def refund(self, **request: Any) -> RefundResult:
        assert not connection.in_atomic_block or not connection.savepoint_ids
        self.asked += 1
        answer = super().refund(**request)
        if self.asked == 1:
            raise ProviderUnavailable
        return answer


class TestRefunds:
    def test_three_parts_make_the_whole_and_no_more_is_given_back(self, told: list[str]) -> None:
        payment = paid(1000)
        refunds = [give_back(payment, amount) for amount in (333, 333, 334)]
        assert {refund.status for refund in refunds} == {"succeeded"}
        assert all(refund.provider_reference and refund.settled_at for refund in refunds)
        with pytest.raises(RefundTooLarge) as refused:
            claim(payment, 1)
        assert refused.value.details == {"refundable_amount": 0}
        assert services.make_refund(refund=refunds[0]).status == "succeeded"
        assert told == ["refund succeeded"] * 3
        assert SandboxMovement.objects.count() == 3

    def test_what_cannot_be_refunded_is_refused(self) -> None:
        payment = paid(1000)
        for amount in (0, -1):
            with pytest.raises(Invalid):
                claim(payment, amount)
        with pytest.raises(RefundTooLarge):
            claim(payment, 1001)
        with pytest.raises(RefundTooLarge):
            claim(paid(behaviour="card_declined"), 1)
        assert not Refund.objects.exists()

    def test_a_refund_that_failed_may_be_made_again(self, told: list[str]) -> None:
        payment = paid(1000)
        SandboxProvider().refund(
            idempotency_key="made elsewhere", charge_reference=payment.provider_reference, amount=600, currency="USD"
        )
        refund = give_back(payment, 1000)
        assert (refund.status, refund.failure_code) == ("failed", "charge_not_refundable")
        assert give_back(payment, 400).status == "succeeded"
        assert told == ["refund failed", "refund succeeded"]

    def test_without_an_answer_it_is_asked_again_and_given_back_once(
        self, told: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        provider = SilentProvider()
        monkeypatch.setitem(providers._PROVIDERS, "sandbox", provider)
        refund = give_back(paid(), 1000)
        assert refund.status == "processing"
        assert services.settle_refunds() == 0, "it is left to its process for a while"
        Refund.objects.update(created_at=clock.now() - 2 * PATIENCE)
        assert services.settle_refunds() == 1
        assert (told, SandboxMovement.objects.count()) == (["refund succeeded"], 1)

    def test_after_a_day_it_is_asked_what_became_of_it_and_not_for_money(self, told: list[str]) -> None:
        made, lost = (claim(paid(), 1000) for _ in range(2))
        SandboxProvider().refund(
            idempotency_key=made.idempotency_key,
            charge_reference=made.payment.provider_reference,
            amount=1000,
            currency="USD",
        )
        Refund.objects.update(created_at=clock.now() - 2 * DAY)
        assert services.settle_refunds() == 2
        made.refresh_from_db()
        lost.refresh_from_db()
        assert (made.status, lost.status, lost.failure_code) == ("succeeded", "failed", "not_processed")
        assert refundable_amount(lost.payment) == 1000

    def test_the_database_keeps_what_it_is_of_and_its_outcome(self) -> None:
        refund = give_back(paid(), 1000)
        for change in ({"amount": 1}, {"status": "failed"}, {"settled_at": clock.now()}, {"reason": "other"}):
            with pytest.raises(IntegrityError, match="cannot be changed"), transaction.atomic():
                Refund.objects.update(**change)
        with pytest.raises(IntegrityError, match="never changed or deleted"), transaction.atomic():
            refund.delete()


@pytest.mark.django_db(transaction=True)
def test_refunds_at_the_same_time_share_what_there_is() -> None:
    payment = paid(1000)
    outcomes_of_both = at_once(lambda: give_back(payment, 600), lambda: give_back(payment, 600))
    assert refusals(outcomes_of_both) == [RefundTooLarge]
    assert refundable_amount(payment) == 400


def tell(payment: Payment, status: str = "needs_response", **changed: Any) -> Dispute:
    details: dict[str, Any] = {
        "provider": "sandbox",
        "provider_reference": "dp_1",
        "charge_reference": payment.provider_reference,
        "amount": payment.amount,
        "currency": payment.currency,
        "reason": "fraudulent",
        "status": DisputeStatus(status),
        "fee_amount": 1500,
        "opened_at": clock.now(),
        "closed_at": None if status == "needs_response" else clock.now(),
    }
    return services.record_dispute(**details | changed)


class TestDisputes:
    @pytest.mark.parametrize("end", ["won", "lost"])
    @pytest.mark.parametrize("order", sorted(set(itertools.permutations(["begin", "begin", "end", "end"]))))
    def test_repeated_and_out_of_order_it_is_opened_once_and_closed_once(
        self, told: list[str], order: tuple[str, ...], end: str
    ) -> None:
        payment = paid()
        for step in order:
            tell(payment, end if step == "end" else "needs_response")
        assert told == ["dispute needs_response", f"dispute {end}"]
        dispute = Dispute.objects.get()
        assert (dispute.status, dispute.amount, dispute.fee_amount) == (end, 1000, 1500)
        assert dispute.closed_at
        assert refundable_amount(payment) == (1000 if end == "won" else 0)

    def test_a_decision_holds(self, told: list[str]) -> None:
        payment = paid()
        tell(payment, "lost")
        tell(payment, "won")
        assert Dispute.objects.get().status == "lost"
        assert told == ["dispute needs_response", "dispute lost"]
        for change in ({"status": "won"}, {"amount": 1}, {"closed_at": clock.now()}):
            with pytest.raises(IntegrityError, match="cannot be changed"), transaction.atomic():
                Dispute.objects.update(**change)

    def test_on_a_charge_that_was_refunded_it_is_recorded_once_and_leaves_nothing(self, told: list[str]) -> None:
        payment = paid(1000)
        give_back(payment, 700)
        for _ in range(2):
            tell(payment)
        assert (Dispute.objects.count(), refundable_amount(payment)) == (1, 0)
        with pytest.raises(RefundTooLarge):
            claim(payment, 1)
        assert told == ["refund succeeded", "dispute needs_response"]

    def test_of_a_charge_that_nobody_knows_nothing_is_recorded(self) -> None:
        claimed = services.claim_payment(
            method=PaymentMethodFactory(), amount=1, currency="USD", reference="inv_1", created_by=None
        )
        for reference in ("ch_unknown", claimed.provider_reference):
            with pytest.raises(UnknownCharge):
                tell(claimed, charge_reference=reference)
        assert not Dispute.objects.exists()


def root() -> User:
    return UserFactory(is_staff=True, is_superuser=True)


class TestSandboxDisputes:
    def test_the_card_is_disputed_a_day_later_and_once(
        self, told: list[str], django_capture_on_commit_callbacks: Any
    ) -> None:
        payment, other = paid(1000, "disputed", "JPY"), paid(1000)
        assert services.emit_due_events(now=clock.now() + DAY - dt.timedelta(minutes=1)) == 0
        with django_capture_on_commit_callbacks(execute=True):
            assert services.emit_due_events(now=clock.now() + DAY) == 1
            assert services.emit_due_events(now=clock.now() + DAY) == 0
        dispute = Dispute.objects.get()
        assert (dispute.payment, dispute.amount, dispute.fee_amount) == (payment, 1000, 15)
        assert told == ["dispute needs_response"]
        assert refundable_amount(other) == 1000

    def test_only_what_was_not_refunded_is_taken_and_given_back_when_won(self, told: list[str]) -> None:
        payment = paid(1000, "disputed")
        give_back(payment, 400)
        services.emit_due_events(now=clock.now() + DAY)
        services.process_events()
        dispute = Dispute.objects.get()
        services.win_sandbox_dispute(staff=root(), dispute=dispute, reason="Evidence")
        services.process_events()
        dispute.refresh_from_db()
        assert (dispute.amount, dispute.status) == (600, "won")
        assert told == ["refund succeeded", "dispute needs_response", "dispute won"]
        now = clock.now()
        moved = SandboxProvider().list_balance_transactions(since=now - DAY, until=now + 2 * DAY)
        assert [(one.kind, one.amount, one.fee, one.source) for one in moved if one.source.startswith("sbx_dp")] == [
            (BalanceKind.DISPUTE_REVERSAL, 600, -1500, dispute.provider_reference),
            (BalanceKind.DISPUTE, -600, 1500, dispute.provider_reference),
        ]

    def test_a_charge_that_was_wholly_refunded_is_not_disputed(self) -> None:
        give_back(paid(1000, "disputed"), 1000)
        assert services.emit_due_events(now=clock.now() + DAY) == 0
        assert not ProviderEvent.objects.exists()

    def test_a_lost_one_takes_what_it_took(self) -> None:
        payment = paid(1000, "disputed")
        services.emit_due_events(now=clock.now() + DAY)
        services.process_events()
        services.lose_sandbox_dispute(staff=root(), dispute=Dispute.objects.get(), reason="No evidence")
        services.process_events()
        assert Dispute.objects.get().status == "lost"
        refused = SandboxProvider().refund(
            idempotency_key="k", charge_reference=payment.provider_reference, amount=1, currency="USD"
        )
        assert refused.failure_code
        assert disputes.open_due(clock.now() + 9 * DAY) == []
