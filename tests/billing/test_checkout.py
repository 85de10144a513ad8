"""Buying a paid plan: the invoice, the card that declines, the one that succeeds, and the time that runs out."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from apps.accounts.enums import Role
from apps.accounts.models import AuditEvent
from apps.billing import services
from apps.billing.enums import CheckoutStatus, InvoiceReason, InvoiceStatus
from apps.billing.errors import ApprovalPending, CheckoutClosed, InvoiceNotOpen
from apps.billing.models import Invoice, InvoiceLine
from apps.billing.selectors import get_checkout, get_invoice, list_invoices
from apps.billing.services.booking import journal_source
from apps.billing.services.numbering import next_number
from apps.core.errors import Conflict, NotAllowed, NotFound
from apps.ledger.models import JournalEntry
from apps.ledger.selectors import find_entry
from apps.notifications.models import Notice
from apps.payments import providers
from apps.payments.enums import PaymentStatus
from apps.payments.errors import CardDeclined, PaymentPending, ProviderUnavailable
from apps.payments.models import Payment
from apps.payments.providers.sandbox import SandboxProvider
from apps.payments.services import settle_payments
from apps.payments.services.charging import PATIENCE
from apps.subscriptions import services as subscriptions
from apps.subscriptions.enums import SubscriptionStatus
from tests.billing.world import NOW, Shop, fresh, invoices, move_clock
from tests.factories.actors import make_actor
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def log_of(payment: Payment) -> list[tuple[str, str]]:
    """What the audit log says of a payment, all of it by who paid."""
    events = AuditEvent.objects.filter(target=payment.public_id).order_by("id")
    assert {event.actor for event in events} == {payment.created_by}
    return [(event.action, event.summary) for event in events]


class TestPaying:
    def test_the_first_invoice_is_issued_paid_and_booked(self, shop: Shop) -> None:
        checkout = services.start_checkout(actor=shop.alice, plan=shop.pro)
        invoice = checkout.invoice
        assert invoice is not None
        assert (checkout.status, checkout.subscription.status) == ("open", "incomplete")
        assert (invoice.status, invoice.number) == ("open", "INV-2027-000001")
        assert invoice.billed_to == {"name": shop.alice.organization.name, "id": shop.alice.organization.public_id}
        assert (invoice.subtotal_amount, invoice.tax_amount, invoice.total_amount) == (3000, 0, 3000)
        [line] = invoice.lines.all()
        assert (line.kind, line.amount, line.description) == ("plan", 3000, "Weather: Pro")
        assert (line.period_end - line.period_start).days == 30

        move_clock(NOW + dt.timedelta(minutes=4))
        payment = services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())

        assert (payment.status, payment.reference, payment.amount) == ("succeeded", invoice.public_id, 3000)
        subscription, invoice = fresh(checkout.subscription), fresh(invoice)
        assert (subscription.status, fresh(checkout).status, invoice.status) == ("active", "completed", "paid")
        assert invoice.paid_at == payment.settled_at
        period = (subscription.current_period_start, subscription.current_period_end)
        assert period == (invoice.period_start, invoice.period_end) == (line.period_start, line.period_end)
        assert shop.balances() == {"cash": 3000, "creator": -2700, "platform": -300}
        entry = find_entry(source=journal_source(invoice))
        assert entry is not None
        assert sum(posting.amount for posting in entry.postings.all()) == 0

    def test_a_declined_card_leaves_everything_as_it_was_and_another_pays_the_same_invoice(self, shop: Shop) -> None:
        checkout = services.start_checkout(actor=shop.alice, plan=shop.pro)
        began = f"Began to pay {invoices()[0]} with Visa •••• 4242"
        for behaviour in ("card_declined", "insufficient_funds"):
            with pytest.raises(CardDeclined) as declined:
                services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card(behaviour))
            assert (declined.value.status, declined.value.details["decline_code"]) == (402, behaviour)
            recorded = Payment.objects.get(public_id=declined.value.details["payment"])
            assert (recorded.status, recorded.decline_code) == ("failed", behaviour)
            assert log_of(recorded) == [
                ("payment.started", began),
                ("payment.declined", f"Visa •••• 4242 was declined for {invoices()[0]}: {behaviour}"),
            ]
        assert fresh(checkout.subscription).status == SubscriptionStatus.INCOMPLETE
        assert [one.status for one in invoices()] == ["open"]
        assert not JournalEntry.objects.exists()

        payment = services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())
        assert [(one.number, one.status) for one in invoices()] == [("INV-2027-000001", "paid")]
        assert log_of(payment) == [
            ("payment.started", began),
            ("payment.succeeded", "Paid INV-2027-000001 with Visa •••• 4242"),
        ]
        assert Payment.objects.filter(reference=invoices()[0].public_id).count() == 3

    def test_what_is_paid_later_begins_later_and_its_invoice_says_so(self, shop: Shop) -> None:
        checkout = services.start_checkout(actor=shop.alice, plan=shop.pro)
        later = NOW + dt.timedelta(hours=20)
        move_clock(later)
        assert checkout.invoice is not None
        services.pay_invoice(actor=shop.alice, invoice=checkout.invoice, method=shop.card())
        first, second = invoices()
        assert [(one.status, one.total_amount) for one in (first, second)] == [("void", 3000), ("paid", 3000)]
        subscription = fresh(checkout.subscription)
        assert subscription.current_period_start == second.period_start >= later
        assert (subscription.current_period_end, fresh(checkout).invoice) == (second.period_end, second)
        assert (second.due_at, shop.balances()["cash"]) == (first.due_at, 3000)
        with pytest.raises(InvoiceNotOpen):
            services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())

    def test_what_is_paid_is_not_paid_again(self, shop: Shop) -> None:
        checkout = services.start_checkout(actor=shop.alice, plan=shop.pro)
        card = shop.card()
        services.pay_checkout(actor=shop.alice, checkout=checkout, method=card)
        with pytest.raises(InvoiceNotOpen):
            services.pay_checkout(actor=shop.alice, checkout=checkout, method=card)
        assert shop.balances()["cash"] == 3000

    @pytest.mark.parametrize(
        ("percent", "price", "shares"), [("12.5", 999, (874, 125)), ("0", 999, (999, 0)), ("100", 999, (0, 999))]
    )
    def test_the_commission_is_rounded_and_the_entry_balances(
        self, shop: Shop, settings: Any, percent: str, price: int, shares: tuple[int, int]
    ) -> None:
        settings.PLATFORM_COMMISSION_PERCENT = Decimal(percent)
        shop.buy(shop.plan("Odd", price))
        assert shop.balances() == {"cash": price, "creator": -shares[0], "platform": -shares[1]}

    def test_an_answer_that_comes_late_is_asked_for_and_gives_what_was_bought(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Silent(SandboxProvider):
            def charge(self, **request: Any) -> Any:
                super().charge(**request)
                raise ProviderUnavailable

        checkout = services.start_checkout(actor=shop.alice, plan=shop.pro)
        with monkeypatch.context() as patched:
            patched.setitem(providers._PROVIDERS, "sandbox", Silent())
            for _ in range(2):  # the second time it is known to be under way
                with pytest.raises(PaymentPending):
                    services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())
        move_clock(NOW + dt.timedelta(days=2))
        assert services.expire_checkouts() == 0  # what is being paid does not expire
        Payment.objects.update(created_at=dt.datetime.now(dt.UTC) - PATIENCE * 2)
        assert settle_payments() == 1
        assert fresh(checkout.subscription).status == SubscriptionStatus.ACTIVE
        assert Payment.objects.get().status == PaymentStatus.SUCCEEDED
        assert shop.balances()["cash"] == 3000

    def test_who_cancels_while_the_payment_is_under_way_has_paid_and_gets_nothing(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, admin_client: Client
    ) -> None:
        class Canceling(SandboxProvider):
            def charge(self, **request: Any) -> Any:
                subscriptions.cancel_subscription(actor=shop.alice, subscription=checkout.subscription)
                return super().charge(**request)

        checkout = services.start_checkout(actor=shop.alice, plan=shop.pro)
        monkeypatch.setitem(providers._PROVIDERS, "sandbox", Canceling())
        services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())
        assert fresh(checkout.subscription).status == SubscriptionStatus.CANCELED
        [invoice] = invoices()
        assert (invoice.status, invoice.refund_due_at) == (InvoiceStatus.PAID, invoice.paid_at)
        assert "the money is to be given back" in caplog.text
        event = AuditEvent.objects.get(action="refund.owed")
        assert (event.organization, event.target) == (shop.alice.organization, invoice.public_id)
        notice = Notice.objects.get(kind__startswith="invoice.", organization=shop.alice.organization)
        assert notice.kind == "invoice.refund_due", "and no receipt"
        assert "The amount will be given back" in notice.body
        owed = admin_client.get(reverse("admin:billing_invoice_changelist"), {"refund_due_at__isempty": "0"})
        assert invoice.number in owed.content.decode()


class TestNothingToPay:
    def test_a_free_plan_is_active_at_once(self, shop: Shop) -> None:
        checkout = services.start_checkout(actor=shop.alice, plan=shop.free)
        assert (checkout.status, checkout.subscription.status) == ("completed", "active")
        assert invoices() == []

    def test_an_organization_pays_nothing_for_its_own_product(self, shop: Shop) -> None:
        owner = make_actor(shop.product.organization)
        checkout = services.start_checkout(actor=owner, plan=shop.pro)
        assert (checkout.status, fresh(checkout.subscription).status) == ("completed", "active")
        assert invoices() == []

    @pytest.mark.parametrize("is_gone_on_with", [True, False])
    def test_what_needs_approval_is_paid_after_it(self, shop: Shop, is_gone_on_with: bool) -> None:
        plan = shop.plan("Partner", 5000, requires_approval=True)
        checkout = services.start_checkout(actor=shop.alice, plan=plan)
        assert (checkout.status, checkout.invoice, checkout.subscription.status) == ("open", None, "pending_approval")
        with pytest.raises(ApprovalPending):
            services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())
        owner = make_actor(shop.product.organization)
        subscriptions.approve_consumer(actor=owner, subscription=checkout.subscription)
        assert services.expire_checkouts() == 0
        if is_gone_on_with:
            assert services.start_checkout(actor=shop.alice, plan=plan) == checkout
        payment = services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())
        assert (payment.amount, [one.status for one in invoices()]) == (5000, ["paid"])
        assert fresh(checkout.subscription).status == SubscriptionStatus.ACTIVE
        with pytest.raises(InvoiceNotOpen):
            services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())

    def test_what_was_declined_is_not_paid(self, shop: Shop) -> None:
        checkout = services.start_checkout(actor=shop.alice, plan=shop.plan("Partner", 5000, requires_approval=True))
        owner = make_actor(shop.product.organization)
        subscriptions.decline_consumer(actor=owner, subscription=checkout.subscription)
        with pytest.raises(CheckoutClosed):
            services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())

    @pytest.mark.parametrize(("approved", "status"), [(True, "completed"), (False, "expired")])
    def test_a_checkout_that_waited_for_the_creator_closes_by_itself(
        self, shop: Shop, approved: bool, status: str
    ) -> None:
        checkout = services.start_checkout(actor=shop.alice, plan=shop.plan("Club", 0, requires_approval=True))
        decide = subscriptions.approve_consumer if approved else subscriptions.decline_consumer
        decide(actor=make_actor(shop.product.organization), subscription=checkout.subscription)
        assert services.expire_checkouts() == 1
        assert fresh(checkout).status == status


class TestExpiry:
    def test_it_voids_the_invoice_which_keeps_its_number(self, shop: Shop) -> None:
        checkout = services.start_checkout(actor=shop.alice, plan=shop.pro)
        move_clock(NOW + dt.timedelta(hours=23))
        assert services.expire_checkouts() == 0
        move_clock(NOW + dt.timedelta(hours=25))
        with pytest.raises(CheckoutClosed):
            services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())
        assert [services.expire_checkouts(), services.expire_checkouts()] == [1, 0]
        assert fresh(checkout).status == CheckoutStatus.EXPIRED
        assert fresh(checkout.subscription).status == SubscriptionStatus.CANCELED
        services.start_checkout(actor=shop.alice, plan=shop.pro)
        assert [(one.number, one.status) for one in invoices()] == [
            ("INV-2027-000001", "void"),
            ("INV-2027-000002", "open"),
        ]

    def test_a_purchase_can_be_gone_on_with_or_given_up_for_another_plan(self, shop: Shop) -> None:
        first = services.start_checkout(actor=shop.alice, plan=shop.pro)
        assert services.start_checkout(actor=shop.alice, plan=shop.pro) == first
        second = services.start_checkout(actor=shop.alice, plan=shop.basic)
        assert (fresh(first).status, second.status) == ("expired", "open")
        assert [one.status for one in invoices()] == ["void", "open"]

    def test_who_cancels_pays_nothing_and_has_no_checkout_left(self, shop: Shop) -> None:
        checkout = services.start_checkout(actor=shop.alice, plan=shop.pro)
        subscriptions.cancel_subscription(actor=shop.alice, subscription=checkout.subscription)
        with pytest.raises(CheckoutClosed):
            services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())
        assert not Payment.objects.exists()
        assert services.expire_checkouts() == 1
        assert [one.status for one in invoices()] == ["void"]


class TestAccess:
    def test_others_find_nothing_and_pay_with_no_card_of_ours(self, shop: Shop) -> None:
        checkout = services.start_checkout(actor=shop.alice, plan=shop.pro)
        assert checkout.invoice is not None
        bob = make_actor()
        for read in (
            lambda: get_invoice(bob, public_id=checkout.invoice.public_id),  # type: ignore[union-attr]
            lambda: get_checkout(bob, public_id=checkout.public_id),
            lambda: services.pay_checkout(actor=bob, checkout=checkout, method=shop.card()),
            lambda: services.pay_invoice(actor=bob, invoice=checkout.invoice, method=shop.card()),  # type: ignore[arg-type]
        ):
            with pytest.raises(NotFound):
                read()
        theirs = services.start_checkout(actor=bob, plan=shop.pro)
        with pytest.raises(NotFound):
            services.pay_checkout(actor=bob, checkout=theirs, method=shop.card())

    def test_a_developer_sees_no_bill(self, shop: Shop) -> None:
        with pytest.raises(NotAllowed):
            list_invoices(make_actor(shop.alice.organization, Role.DEVELOPER))

    def test_a_second_subscription_is_refused(self, shop: Shop) -> None:
        shop.buy(shop.basic)
        with pytest.raises(Conflict, match="already"):
            services.start_checkout(actor=shop.alice, plan=shop.pro)


class TestImmutable:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE billing_invoice SET total_amount = 1, subtotal_amount = 1",
            "UPDATE billing_invoice SET number = 'INV-2027-000009'",
            "UPDATE billing_invoice SET billed_to = '{}'",
            "UPDATE billing_invoice SET status = 'draft', number = '', issued_at = NULL",
            "DELETE FROM billing_invoice",
            "UPDATE billing_invoiceline SET amount = 1",
            "DELETE FROM billing_invoiceline",
            (
                "INSERT INTO billing_invoiceline SELECT id + 1, kind, description, quantity, unit_amount, amount, "
                "period_start, period_end, invoice_id, plan_id FROM billing_invoiceline"
            ),
        ],
    )
    def test_an_issued_invoice_stays_as_it_is(self, shop: Shop, statement: str) -> None:
        services.start_checkout(actor=shop.alice, plan=shop.pro)
        with (
            pytest.raises(IntegrityError, match=r"issued|cannot become"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    def test_what_is_paid_does_not_become_open_again(self, shop: Shop) -> None:
        shop.buy(shop.pro)
        with pytest.raises(IntegrityError, match="is paid and cannot become"), transaction.atomic():
            Invoice.objects.update(status="void", paid_at=None)

    def test_lines_that_do_not_add_up_are_not_issued(self, shop: Shop) -> None:
        subscription = shop.buy(shop.pro)
        draft = Invoice.objects.create(
            issuer="platform", reason=InvoiceReason.USAGE, organization=subscription.organization,
            subscription=subscription, product=subscription.product, currency="USD", period_start=NOW,
            period_end=NOW + dt.timedelta(1),
        )  # fmt: skip
        InvoiceLine.objects.create(
            invoice=draft, kind="plan", description="x", unit_amount=5, amount=5, plan=shop.pro,
            period_start=NOW, period_end=NOW,
        )  # fmt: skip
        draft.status, draft.number, draft.issued_at = InvoiceStatus.OPEN, "INV-2027-000077", NOW
        draft.subtotal_amount = draft.total_amount = 4
        with pytest.raises(IntegrityError, match="do not add up"), transaction.atomic():
            draft.save()


@pytest.mark.django_db(transaction=True)
class TestNumbers:
    def test_there_are_no_gaps_with_rollbacks_and_at_the_same_time(self) -> None:
        def give(*, fail: bool) -> str:
            with transaction.atomic():
                number = next_number(issuer="platform", at=NOW)
                if fail:
                    raise ZeroDivisionError
            return number

        calls = [lambda fail=number % 3 == 1: give(fail=fail) for number in range(9)]
        outcomes = at_once(*calls)
        given = sorted(outcome for outcome in outcomes if isinstance(outcome, str))
        assert given == [f"INV-2027-{number:06}" for number in range(1, 7)]
        assert give(fail=False) == "INV-2027-000007"
        assert next_number_of_another_year_and_issuer() == ["INV-2028-000001", "INV-2027-000001"]

    def test_two_who_pay_at_once_pay_once(self) -> None:
        shop = Shop()
        checkout = services.start_checkout(actor=shop.alice, plan=shop.pro)
        cards = [shop.card(), shop.card()]
        outcomes = at_once(
            *(
                lambda card=card: services.pay_checkout(actor=shop.alice, checkout=checkout, method=card)
                for card in cards
            )
        )
        paid = [outcome for outcome in outcomes if isinstance(outcome, Payment)]
        refused = [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)]
        assert len(paid) == 1
        assert refused in ([PaymentPending], [InvoiceNotOpen])
        assert shop.balances()["cash"] == 3000


def next_number_of_another_year_and_issuer() -> list[str]:
    with transaction.atomic():
        return [
            next_number(issuer="platform", at=NOW.replace(year=2028)),
            next_number(issuer="another entity", at=NOW),
        ]
