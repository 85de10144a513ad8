"""Cards of an organization, and charging them once whatever dies in between."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.access import Actor
from apps.core.errors import Conflict, NotFound
from apps.payments import outcomes, providers, services
from apps.payments.enums import PaymentStatus
from apps.payments.errors import CardRefused, ProviderUnavailable
from apps.payments.models import Payment, PaymentMethod, SandboxCharge
from apps.payments.providers.base import CardToken, ChargeResult
from apps.payments.providers.sandbox import SandboxProvider
from apps.payments.selectors import get_method, list_methods
from apps.payments.services import charging
from tests.database import unguarded
from tests.factories.actors import make_actor
from tests.factories.payments import PaymentMethodFactory
from tests.threads import at_once

CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2060, "cvc": "123", "name": "Ada"}


class DyingProvider(SandboxProvider):
    """Charges, and dies before its answer arrives, as often as it is told to."""

    def __init__(self, error: BaseException, times: int) -> None:
        self.error, self.times = error, times
        self.asked_in_transaction: list[bool] = []

    def charge(self, **request: Any) -> ChargeResult:
        self.asked_in_transaction.append(connection.in_atomic_block)
        answer = super().charge(**request)
        if self.times:
            self.times -= 1
            raise self.error
        return answer

    def tokenize(self, card: Any, *, today: dt.date) -> CardToken:
        return super().tokenize(card, today=today)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the registered handlers hear."""
    heard: list[str] = []
    monkeypatch.setattr(outcomes, "_handlers", [lambda payment: heard.append(payment.status)])
    return heard


def install(monkeypatch: pytest.MonkeyPatch, provider: SandboxProvider) -> None:
    monkeypatch.setitem(providers._PROVIDERS, "sandbox", provider)


def claim(**changed: Any) -> Payment:
    method = changed.pop("method", None) or PaymentMethodFactory(**changed)
    return services.claim_payment(method=method, amount=2900, currency="USD", reference="inv_1")


@pytest.mark.django_db
class TestCards:
    @pytest.fixture
    def alice(self) -> Actor:
        return make_actor()

    def test_the_first_card_is_the_default_and_stays_it(self, alice: Actor) -> None:
        first = services.add_card(actor=alice, **CARD)
        second = services.add_card(actor=alice, **(CARD | {"number": "5555 5555 5555 4444"}))
        assert [first.is_default, second.is_default] == [True, False]
        assert str(second) == "Mastercard •••• 4444"
        assert second.expires == "12/60"
        assert list(list_methods(alice)) == [first, second]

    def test_nothing_of_a_card_is_stored_but_what_is_shown(self, alice: Actor) -> None:
        method = services.add_card(actor=alice, **(CARD | {"cvc": "739"}))
        tables = "SELECT p::text FROM payments_paymentmethod p UNION ALL SELECT a::text FROM accounts_auditevent a"
        with connection.cursor() as cursor:
            cursor.execute(tables)
            stored = str(cursor.fetchall())
        assert "4242424242424242" not in stored
        assert "739" not in {str(value) for value in vars(method).values()}
        assert "739" not in method.token.rpartition(":")[0]

    def test_a_refused_card_is_not_saved(self, alice: Actor) -> None:
        with pytest.raises(CardRefused):
            services.add_card(actor=alice, **(CARD | {"number": "4111111111111111"}))
        assert not PaymentMethod.objects.exists()

    def test_another_card_becomes_the_default(self, alice: Actor) -> None:
        first, second = (services.add_card(actor=alice, **(CARD | {"exp_year": year})) for year in (2060, 2061))
        services.make_default(actor=alice, method=second)
        assert list(PaymentMethod.objects.filter(is_default=True)) == [second]
        services.remove_method(actor=alice, method=second)
        assert not PaymentMethod.objects.filter(is_default=True).exists()
        assert list(list_methods(alice)) == [PaymentMethod.objects.get(pk=first.pk)]

    def test_the_same_card_is_saved_once_and_again_after_it_was_removed(self, alice: Actor) -> None:
        first = services.add_card(actor=alice, **CARD)
        assert services.add_card(actor=alice, **(CARD | {"number": "4242-4242 42424242", "name": "Bob"})) == first
        assert services.add_card(actor=make_actor(), **CARD) != first, "another organization's"
        services.remove_method(actor=alice, method=first)
        assert services.add_card(actor=alice, **CARD) != first

    @pytest.mark.parametrize(
        ("status", "stays"), [(None, False), ("failed", False), ("processing", True), ("succeeded", True)]
    )
    def test_a_card_that_was_given_for_one_payment_stays_only_if_it_may_have_paid(
        self, alice: Actor, status: str | None, stays: bool
    ) -> None:
        method = services.add_card(actor=alice, **CARD)
        if status:
            payment = claim(method=method)
            payment.status, payment.settled_at = status, None if status == "processing" else payment.created_at
            payment.save()
        services.forget_unused_card(actor=alice, method=method)
        assert list_methods(alice).exists() == stays

    def test_the_database_has_one_default_for_each_organization(self, alice: Actor) -> None:
        services.add_card(actor=alice, **CARD)
        with pytest.raises(IntegrityError, match="one_default"), transaction.atomic():
            PaymentMethodFactory(organization=alice.organization, is_default=True)

    def test_a_removed_card_is_gone_and_one_that_is_being_charged_stays(self, alice: Actor) -> None:
        method = services.add_card(actor=alice, **CARD)
        claim(method=method)
        with pytest.raises(Conflict):
            services.remove_method(actor=alice, method=method)
        Payment.objects.update(status="failed", settled_at=dt.datetime.now(dt.UTC))
        services.remove_method(actor=alice, method=method)
        for again in (
            lambda: services.remove_method(actor=alice, method=method),
            lambda: services.make_default(actor=alice, method=method),
            lambda: get_method(alice, public_id=method.public_id),
        ):
            with pytest.raises(NotFound):
                again()

    def test_a_card_that_paid_takes_the_place_of_a_default_that_was_declined(self, alice: Actor) -> None:
        declined = services.add_card(actor=alice, **CARD | {"number": "4000000000000002"})
        good = services.add_card(actor=alice, **CARD)
        other = services.add_card(actor=alice, **CARD | {"number": "5555555555554444"})

        def default_after(method: PaymentMethod, reference: str) -> PaymentMethod | None:
            payment = services.claim_payment(method=method, amount=100, currency="USD", reference=reference)
            services.collect_payment(payment=payment)
            return list_methods(alice).filter(is_default=True).first()

        assert default_after(good, "inv_1") == declined, "it was not declined yet"
        assert default_after(declined, "inv_2") == declined
        assert default_after(good, "inv_3") == good
        assert default_after(other, "inv_4") == good, "one that works is left alone"
        services.remove_method(actor=alice, method=good)
        assert default_after(other, "inv_5") is None, "nor is there one where people removed it"

    def test_the_cards_of_others_are_not_found(self, alice: Actor) -> None:
        others = PaymentMethodFactory(is_default=True)
        with pytest.raises(NotFound):
            services.make_default(actor=alice, method=others)
        with pytest.raises(NotFound):
            services.remove_method(actor=alice, method=others)
        assert not list_methods(alice).exists()

    def test_there_is_an_end_to_cards(self, alice: Actor) -> None:
        for _ in range(20):
            PaymentMethodFactory(organization=alice.organization)
        with pytest.raises(Conflict, match="20"):
            services.add_card(actor=alice, **CARD)


@pytest.mark.django_db
class TestCharging:
    @pytest.mark.parametrize(("behaviour", "status"), [("succeeds", "succeeded"), ("insufficient_funds", "failed")])
    def test_the_answer_is_recorded_and_told_once(self, told: list[str], behaviour: str, status: str) -> None:
        payment = services.collect_payment(payment=claim(behaviour=behaviour))
        assert payment.status == status
        assert payment.decline_code == ("" if status == "succeeded" else behaviour)
        assert payment.provider_reference
        assert payment.settled_at
        assert services.collect_payment(payment=payment).status == status
        assert told == [status]

    def test_a_thing_is_paid_once(self) -> None:
        payment = claim()
        for _ in range(2):
            with pytest.raises(IntegrityError, match="paid_once"), transaction.atomic():
                claim()
            services.collect_payment(payment=payment)
        with unguarded():
            Payment.objects.update(status="failed")
        claim()  # what failed may be tried again

    def test_without_an_answer_it_stays_processing_and_is_asked_again(
        self, told: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install(monkeypatch, DyingProvider(ProviderUnavailable(), times=1))
        payment = services.collect_payment(payment=claim())
        assert payment.status == PaymentStatus.PROCESSING
        assert told == []
        assert services.settle_payments() == 0  # it is left to its process for a while
        Payment.objects.update(created_at=dt.datetime.now(dt.UTC) - charging.PATIENCE * 2)
        assert services.settle_payments() == 1
        assert told == ["succeeded"]
        assert SandboxCharge.objects.count() == 1

    def test_a_handler_that_fails_leaves_nothing_recorded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(payment: Payment) -> None:
            raise RuntimeError(payment.status)

        monkeypatch.setattr(outcomes, "_handlers", [fail])
        payment = claim()
        with pytest.raises(RuntimeError, match="succeeded"):
            services.collect_payment(payment=payment)
        payment.refresh_from_db()
        assert payment.status == PaymentStatus.PROCESSING

    def test_one_that_cannot_be_settled_does_not_stand_in_the_way(self, told: list[str]) -> None:
        broken, good = (
            claim(),
            services.claim_payment(method=PaymentMethodFactory(), amount=50, currency="USD", reference="inv_2"),
        )
        with unguarded():
            Payment.objects.filter(pk=broken.pk).update(provider="gone")
        Payment.objects.update(created_at=dt.datetime.now(dt.UTC) - charging.PATIENCE * 2)
        assert services.settle_payments() == 1
        good.refresh_from_db()
        assert good.status == PaymentStatus.SUCCEEDED


@pytest.mark.django_db(transaction=True)
class TestCrash:
    def test_a_process_that_dies_in_the_call_has_charged_once(
        self, told: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        provider = DyingProvider(KeyboardInterrupt(), times=1)
        install(monkeypatch, provider)
        payment = claim()
        with pytest.raises(KeyboardInterrupt):
            services.collect_payment(payment=payment)
        payment.refresh_from_db()
        assert payment.status == PaymentStatus.PROCESSING
        charged = SandboxCharge.objects.get()
        Payment.objects.update(created_at=dt.datetime.now(dt.UTC) - charging.PATIENCE * 2)

        outcomes_of_both = at_once(services.settle_payments, services.settle_payments)

        assert sum(outcomes_of_both) >= 1
        payment.refresh_from_db()
        assert (payment.status, payment.provider_reference) == (PaymentStatus.SUCCEEDED, charged.reference)
        assert SandboxCharge.objects.count() == 1
        assert told == ["succeeded"]
        assert not any(provider.asked_in_transaction)

    def test_it_refuses_to_call_inside_a_transaction(self) -> None:
        payment = claim()
        with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
            services.collect_payment(payment=payment)
        assert not SandboxCharge.objects.exists()
