"""Refunds, credit notes and disputes: what the consumer gets, what the documents say, and who bears it in the books."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.enums import Role
from apps.accounts.models import AuditEvent
from apps.billing import services, tasks
from apps.billing.coupons import CouponSpec
from apps.billing.enums import CreditReason
from apps.billing.errors import CreditLeavesTooLittle, CreditTooLarge, NothingToCredit
from apps.billing.models import BillingProfile, CreditNote, CreditNoteLine, Invoice, TaxRate
from apps.billing.services.booking import held
from apps.core.errors import NotAllowed, NotFound
from apps.ledger.enums import AccountKind
from apps.ledger.models import JournalEntry
from apps.ledger.selectors import list_unbalanced_entries
from apps.ledger.services import Movement, get_or_open_account, post_entry
from apps.notifications.models import Notice
from apps.payments import outcomes, providers
from apps.payments.enums import DisputeStatus
from apps.payments.errors import PaymentPending, ProviderUnavailable, RefundTooLarge
from apps.payments.models import Dispute, Payment, Refund
from apps.payments.providers.base import RefundResult
from apps.payments.providers.sandbox.provider import SandboxProvider
from apps.payments.services import claim_refund, make_refund, settle_refunds
from apps.payments.services.disputes import record_dispute
from apps.products import services as products
from apps.subscriptions.enums import SubscriptionStatus
from tests.billing.world import NOW, Shop, fresh, meter_has_stored, move_clock
from tests.factories.accounts import UserFactory
from tests.factories.actors import make_actor
from tests.scenarios.money.books import check_books

pytestmark = pytest.mark.django_db
GOODWILL = CreditReason.GOODWILL


@pytest.fixture
def taxed(settings: Any) -> None:
    """25 percent on top, for everybody."""
    settings.TAX_MODE, settings.TAX_ISSUER_COUNTRY = "rates", "DK"
    TaxRate.objects.create(country="DK", name="Moms", percent=Decimal(25), valid_from=NOW.date())


def paid(shop: Shop, price: int = 3000) -> Invoice:
    shop.buy(shop.plan("Sold", price))
    return Invoice.objects.get(status="paid")


def creator_of(shop: Shop, role: Role = Role.OWNER) -> Any:
    return make_actor(shop.product.organization, role)


def refund(shop: Shop, invoice: Invoice, **values: Any) -> CreditNote:
    return services.refund_invoice(actor=creator_of(shop), invoice=invoice, reason=GOODWILL, **values)


def dispute(invoice: Invoice, status: DisputeStatus = DisputeStatus.NEEDS_RESPONSE, **values: Any) -> Dispute:
    usual = {
        "provider": "sandbox",
        "provider_reference": "dp_1",
        "charge_reference": Payment.objects.get(reference=invoice.public_id, status="succeeded").provider_reference,
        "amount": invoice.total_amount,
        "currency": invoice.currency,
        "reason": "fraudulent",
        "status": status,
        "fee_amount": 1500,
        "opened_at": NOW + dt.timedelta(days=1),
        "closed_at": None if status == DisputeStatus.NEEDS_RESPONSE else NOW + dt.timedelta(days=9),
    }
    return record_dispute(**(usual | values))


def sources() -> list[str]:
    """What was booked, in its order, without the ids."""
    return [entry.source.split(":")[0] for entry in JournalEntry.objects.order_by("pk")]


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


class TestRefunds:
    def test_all_of_an_invoice_leaves_nothing_in_the_books(self, shop: Shop, taxed: None) -> None:
        invoice = paid(shop)
        assert shop.balances() == {"cash": 3750, "creator": -2700, "platform": -300, "tax": -750}
        note = refund(shop, invoice, note="Sorry")
        invoice = fresh(invoice)
        assert (invoice.status, invoice.credited_amount, invoice.due_amount) == ("paid", 3750, 0)
        assert (note.number, note.subtotal_amount, note.tax_amount, note.total_amount) == (
            "CN-2027-000001", 3000, 750, 3750,
        )  # fmt: skip
        given = Refund.objects.get()
        assert (given.reference, given.amount, given.status) == (note.public_id, 3750, "succeeded")
        assert set(shop.balances().values()) == {0}
        assert sources() == ["invoice.paid", "refund"]
        for organization in (invoice.organization, shop.product.organization):
            said = AuditEvent.objects.filter(organization=organization, target=invoice.public_id).order_by("pk")
            assert [event.action for event in said] == ["invoice.credited", "refund.succeeded"]
        told = Notice.objects.get(kind="invoice.credited")
        assert (told.user, "Sorry" in told.body, "37.50 USD" in told.title) == (shop.alice.user, True, True)
        with pytest.raises(NothingToCredit):
            refund(shop, invoice)

    def test_three_parts_sum_to_the_whole_and_more_is_refused(self, shop: Shop, settings: Any) -> None:
        """999 at 12.5 percent: 874 for the creator, 125 commission; thirds are 291.33 and 41.67."""
        settings.PLATFORM_COMMISSION_PERCENT = Decimal("12.5")
        invoice = paid(shop, 999)
        expected = [(-583, -83), (-291, -42), (0, 0)]
        for left in expected:
            refund(shop, invoice, amount=333)
            balances = shop.balances()
            assert (balances["creator"], balances["platform"]) == left
            assert balances["cash"] == -sum(left)
        assert CreditNote.objects.count() == 3
        with pytest.raises(NothingToCredit):
            refund(shop, fresh(invoice), amount=1)

    @pytest.mark.parametrize("amount", [0, -1, 3001])
    def test_more_than_there_is_is_refused_and_takes_no_number(self, shop: Shop, amount: int) -> None:
        invoice = paid(shop)
        with pytest.raises(CreditTooLarge) as refused:
            refund(shop, invoice, amount=amount)
        assert refused.value.details["creditable_amount"] == 3000
        assert not Refund.objects.exists()
        assert refund(shop, invoice, amount=1).number == "CN-2027-000001"

    def test_29_of_30_days_of_200_with_25_percent_tax(self, shop: Shop, taxed: None) -> None:
        invoice = paid(shop, 20_000)
        [line] = invoice.lines.all()
        for lines in ({line.pk: 20_001}, {line.pk: -1}, {0: 1}, {}):
            with pytest.raises(CreditTooLarge):
                refund(shop, invoice, lines=lines)
        note = refund(shop, invoice, lines={line.pk: 19_333})
        assert (note.subtotal_amount, note.tax_amount, note.total_amount) == (19_333, 4_833, 24_166)
        assert shop.balances() == {"cash": 834, "creator": -600, "platform": -67, "tax": -167}
        refund(shop, invoice)
        assert set(shop.balances().values()) == {0}

    def test_a_line_is_not_credited_beyond_what_was_paid_after_a_discount(self, shop: Shop) -> None:
        half = CouponSpec("HALF", percent=Decimal(50))
        services.create_coupon(actor=creator_of(shop), product=shop.product, spec=half)
        checkout = services.start_checkout(actor=shop.alice, plan=shop.basic, coupon="HALF")
        services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())
        invoice = Invoice.objects.get()
        line = invoice.lines.get(kind="plan")
        with pytest.raises(CreditTooLarge):
            refund(shop, invoice, lines={line.pk: 501})
        assert refund(shop, invoice, lines={line.pk: 500}).total_amount == 500

    def test_who_may(self, shop: Shop) -> None:
        invoice = paid(shop)
        for actor, error in (
            (shop.alice, NotFound),
            (make_actor(), NotFound),
            (creator_of(shop, Role.DEVELOPER), NotAllowed),
        ):
            with pytest.raises(error):
                services.refund_invoice(actor=actor, invoice=invoice, reason=GOODWILL)
        with pytest.raises(NotAllowed):
            services.refund_as_staff(staff=shop.alice.user, invoice=invoice, reason="x")
        staff = UserFactory(is_staff=True, is_superuser=True)
        note = services.refund_as_staff(staff=staff, invoice=invoice, reason="Asked by mail")
        assert (note.created_by, note.note, note.total_amount) == (staff, "Asked by mail", 3000)

    def test_a_refund_that_fails_changes_no_book_and_is_asked_for_again(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Failing(SandboxProvider):
            def refund(self, **request: Any) -> RefundResult:
                return RefundResult("re_x", "expired_or_canceled_card")

        invoice = paid(shop)
        with monkeypatch.context() as patched:
            patched.setitem(providers._PROVIDERS, "sandbox", Failing())
            note = refund(shop, invoice)
        assert shop.balances()["cash"] == 3000
        assert Notice.objects.filter(kind="invoice.refund_failed").exists()
        staff = UserFactory(is_staff=True, is_superuser=True)
        services.retry_refund(staff=staff, credit_note=note, reason="New card")
        assert set(shop.balances().values()) == {0}
        assert [one.status for one in Refund.objects.order_by("pk")] == ["failed", "succeeded"]
        with pytest.raises(NothingToCredit):
            services.retry_refund(staff=staff, credit_note=note, reason="Again")

    def test_an_answer_that_comes_late_is_booked_once(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        class Silent(SandboxProvider):
            def refund(self, **request: Any) -> RefundResult:
                super().refund(**request)
                raise ProviderUnavailable

        invoice = paid(shop)
        with monkeypatch.context() as patched:
            patched.setitem(providers._PROVIDERS, "sandbox", Silent())
            refund(shop, invoice, amount=1000)
        assert shop.balances()["cash"] == 3000
        move_clock(NOW + dt.timedelta(minutes=5))
        assert [settle_refunds(), settle_refunds()] == [1, 0]
        assert shop.balances() == {"cash": 2000, "creator": -1800, "platform": -200}
        check_books()  # the provider gave it back once, too

    def test_told_again_it_is_not_booked_again(self, shop: Shop) -> None:
        refund(shop, paid(shop))
        before = shop.balances()
        for _ in range(2):
            outcomes.tell_refund(Refund.objects.get())
        assert (shop.balances(), sources()) == (before, ["invoice.paid", "refund"])

    def test_one_that_was_made_at_the_provider_gets_its_credit_note(self, shop: Shop, taxed: None) -> None:
        invoice = paid(shop)
        payment = Payment.objects.get()
        with transaction.atomic():
            made = claim_refund(payment=payment, amount=1250, reference="elsewhere", reason="x")
        make_refund(refund=made)
        note = CreditNote.objects.get()
        assert (note.reason, note.total_amount, note.tax_amount) == ("at_provider", 1250, 250)
        assert shop.balances() == {"cash": 2500, "creator": -1800, "platform": -200, "tax": -500}
        assert fresh(invoice).credited_amount == 1250

    def test_what_was_paid_for_nothing_goes_back_by_itself_once(self, shop: Shop) -> None:
        invoice = paid(shop)
        assert services.refund_due() == 0
        Invoice.objects.update(refund_due_at=NOW)
        assert [services.refund_due(), services.refund_due()] == [1, 0]
        assert (CreditNote.objects.get().reason, Refund.objects.get().status) == ("not_given", "succeeded")
        assert fresh(invoice).is_credited
        assert set(shop.balances().values()) == {0}


def test_what_was_paid_beyond_the_end_of_a_product_goes_back_once(shop: Shop, taxed: None) -> None:
    owner = creator_of(shop)
    subscription = shop.buy(shop.basic)
    move_clock(NOW + dt.timedelta(days=6))
    checkout = services.start_plan_change(actor=shop.alice, subscription=subscription, plan=shop.pro)
    services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())  # type: ignore[arg-type]
    assert shop.balances()["cash"] == 1250 + 2000  # 2400 for 24 of 30 days, less 800; and a quarter more as tax
    assert services.refund_after_end() == 0
    products.retire_product(
        actor=owner, product=fresh(shop.product), retires_at=NOW + dt.timedelta(days=20, minutes=1), note="Over"
    )
    move_clock(NOW + dt.timedelta(days=20, minutes=1))
    assert products.end_product(product_id=shop.product.pk)
    # The last ten days of 1000 for Basic, and of 2400 - 800 for Pro in its place, are 1000 together: ten days of Pro.
    assert services.refund_after_end() == 2
    assert services.refund_after_end() == 0
    assert sum(note.subtotal_amount for note in CreditNote.objects.all()) == 1000
    assert shop.balances()["cash"] == 3250 - 1250
    assert {refund.status for refund in Refund.objects.all()} == {"succeeded"}


def test_a_copy_goes_to_the_address_for_invoices(
    shop: Shop, mailoutbox: Any, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    BillingProfile.objects.create(organization=shop.alice.organization, email="books@example.com")
    monkeypatch.setattr(tasks.mail_document, "delay", tasks.mail_document)
    with django_capture_on_commit_callbacks(execute=True):
        invoice = paid(shop)
        refund(shop, invoice, amount=100)
    sent = [mail for mail in mailoutbox if mail.to == ["books@example.com"]]
    assert [mail.subject for mail in sent] == ["INV-2027-000001 from API Factory", "CN-2027-000001 from API Factory"]
    assert all(mail.attachments[0][1].startswith(b"%PDF") for mail in sent)


class TestUnpaidInvoices:
    def renewal(self, shop: Shop) -> Invoice:
        """A renewal that could not be charged."""
        subscription = shop.buy(shop.pro, keep_card=False)
        move_clock(NOW + dt.timedelta(days=30, minutes=1))
        meter_has_stored(subscription, NOW + dt.timedelta(days=31))
        services.close_due_periods()
        return Invoice.objects.get(status="open")

    def test_a_part_is_let_off_and_the_rest_is_paid_and_booked(self, shop: Shop) -> None:
        invoice = self.renewal(shop)
        before = shop.balances()
        note = refund(shop, invoice, amount=1000)
        invoice = fresh(invoice)
        assert (note.is_refund, invoice.status, invoice.due_amount) == (False, "open", 2000)
        assert (shop.balances(), Refund.objects.exists()) == (before, False)
        payment = services.pay_invoice(actor=shop.alice, invoice=invoice, method=shop.card())
        assert payment.amount == 2000
        assert shop.balances() == {"cash": 5000, "creator": -4500, "platform": -500}
        refund(shop, fresh(invoice))
        assert shop.balances() == before

    def test_what_is_left_can_be_charged(self, shop: Shop) -> None:
        """A rest that no card can be charged with would suspend a consumer who cannot pay it."""
        invoice = self.renewal(shop)
        with pytest.raises(CreditLeavesTooLittle) as refused:
            refund(shop, invoice, amount=3000 - 49)
        assert refused.value.details["smallest_amount"] == 50
        refund(shop, invoice, amount=3000 - 50)
        services.pay_invoice(actor=shop.alice, invoice=fresh(invoice), method=shop.card())
        paid = fresh(invoice)
        assert (paid.status, paid.due_amount, paid.creditable_amount) == ("paid", 0, 50)
        refund(shop, paid, amount=1)  # of what is paid any part can go back

    def test_all_of_it_is_let_off_and_nothing_is_due_any_more(self, shop: Shop) -> None:
        invoice = self.renewal(shop)
        assert fresh(invoice.subscription).status == SubscriptionStatus.PAST_DUE
        refund(shop, invoice)
        assert fresh(invoice).status == "void"
        assert fresh(invoice.subscription).status == SubscriptionStatus.ACTIVE
        with pytest.raises(NothingToCredit):
            refund(shop, fresh(invoice))

    def test_what_is_being_paid_is_not_credited(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        class Silent(SandboxProvider):
            def charge(self, **request: Any) -> Any:
                raise ProviderUnavailable

        invoice = self.renewal(shop)
        monkeypatch.setitem(providers._PROVIDERS, "sandbox", Silent())
        with pytest.raises(PaymentPending):
            services.pay_invoice(actor=shop.alice, invoice=invoice, method=shop.card())
        with pytest.raises(PaymentPending):
            refund(shop, invoice)
        assert not CreditNote.objects.exists()


class TestDisputes:
    def test_opened_takes_every_share_and_a_fee_and_won_gives_all_back(self, shop: Shop, taxed: None) -> None:
        invoice = paid(shop)
        before = shop.balances()
        for _ in range(3):  # told again
            dispute(invoice)
        assert shop.balances() == {"cash": -1500, "creator": 0, "platform": 0, "tax": 0, "fees": 1500}
        with pytest.raises(RefundTooLarge):
            refund(shop, invoice)
        assert not CreditNote.objects.exists(), "no document for a refund that is refused"
        for _ in range(2):
            dispute(invoice, DisputeStatus.WON)
        assert shop.balances() == before | {"fees": 0}
        assert sources() == ["invoice.paid", "dispute.opened", "dispute.won"]
        told = Notice.objects.filter(kind="invoice.disputed").order_by("pk")
        assert {notice.organization for notice in told} == {shop.product.organization}

    def test_lost_moves_nothing_more_also_where_the_end_is_told_first(self, shop: Shop) -> None:
        invoice = paid(shop)
        for status in (DisputeStatus.LOST, DisputeStatus.NEEDS_RESPONSE, DisputeStatus.LOST):
            dispute(invoice, status)
        assert shop.balances() == {"cash": -1500, "creator": 0, "platform": 0, "fees": 1500}
        assert sources() == ["invoice.paid", "dispute.opened"]
        assert fresh(invoice).status == "paid"

    def test_won_first_and_opened_after_is_the_same_as_in_order(self, shop: Shop) -> None:
        invoice = paid(shop)
        for status in (DisputeStatus.WON, DisputeStatus.NEEDS_RESPONSE):
            dispute(invoice, status)
        assert shop.balances() == {"cash": 3000, "creator": -2700, "platform": -300, "fees": 0}

    @pytest.mark.parametrize(("given", "left"), [(1000, (-1800, -200)), (3000, (0, 0))])
    def test_of_a_refunded_charge_only_what_is_left_is_taken(
        self, shop: Shop, given: int, left: tuple[int, int]
    ) -> None:
        invoice = paid(shop)
        refund(shop, invoice, amount=given)
        dispute(invoice)
        assert shop.balances() == {"cash": -1500, "creator": 0, "platform": 0, "fees": 1500}
        dispute(invoice, DisputeStatus.WON)
        balances = shop.balances()
        assert (balances["creator"], balances["platform"], balances["cash"]) == (*left, -sum(left))

    def test_a_part_then_a_refund_of_the_rest(self, shop: Shop) -> None:
        invoice = paid(shop)
        dispute(invoice, amount=1000)
        with pytest.raises(RefundTooLarge):
            refund(shop, invoice, amount=2001)
        refund(shop, invoice, amount=2000)
        assert shop.balances() == {"cash": -1500, "creator": 0, "platform": 0, "fees": 1500}
        assert set(held(invoice).values()) == {0}

    def test_what_the_provider_moves_twice_is_a_loss_of_the_platform(self, shop: Shop) -> None:
        """A refund that was under way when the bank took the money: both went through."""
        invoice = paid(shop)
        payment = Payment.objects.get()
        with transaction.atomic():
            under_way = claim_refund(payment=payment, amount=3000, reference="elsewhere", reason="x")
        dispute(invoice, fee_amount=0)
        assert sources() == ["invoice.paid"], "it is on its way back already"
        make_refund(refund=under_way)
        assert set(shop.balances().values()) == {0}
        dispute(invoice, provider_reference="dp_2", fee_amount=0)
        assert set(shop.balances().values()) == {0}


def test_after_a_payout_the_creator_owes(shop: Shop) -> None:
    invoice = paid(shop)
    creator, cash = (
        get_or_open_account(kind=kind, currency="USD", organization=owner)
        for kind, owner in ((AccountKind.CREATOR_PAYABLE, shop.product.organization), (AccountKind.PROVIDER_CASH, None))
    )
    movements = [Movement(creator, 2700), Movement(cash, -2700)]
    post_entry(source="payout.paid:po_1", description="Payout", occurred_at=NOW, movements=movements)
    refund(shop, invoice)
    assert shop.balances() == {"cash": -2700, "creator": 2700, "platform": 0}
    assert not list_unbalanced_entries()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE billing_creditnote SET total_amount = 1, subtotal_amount = 1", "never changed"),
        ("UPDATE billing_creditnote SET note = 'x'", "never changed"),
        ("DELETE FROM billing_creditnoteline", "never changed"),
        ("DELETE FROM billing_creditnote", "never changed"),
        ("TRUNCATE billing_creditnoteline", "never changed"),
        ("UPDATE billing_invoice SET credited_amount = 0", "do not add up"),
        ("UPDATE billing_invoice SET credited_amount = credited_amount + 1", "do not add up"),
        ("UPDATE billing_invoice SET tax_note = 'x'", "is issued"),
        ("UPDATE billing_numberseries SET prefix = 'XX', last_number = last_number + 1", "only counts on"),
    ],
)
def test_the_database_keeps_a_credit_note_and_what_the_invoice_says_of_it(
    shop: Shop, statement: str, words: str
) -> None:
    refund(shop, paid(shop), amount=100)
    connection.check_constraints()
    with pytest.raises(IntegrityError, match=words), transaction.atomic():
        run(statement)


def test_a_credit_note_that_does_not_add_up_is_not_committed(shop: Shop) -> None:
    invoice = paid(shop)
    note = {
        "issuer": "platform", "invoice": invoice, "reason": GOODWILL, "is_refund": True, "issued_at": NOW,
        "subtotal_amount": 100, "total_amount": 100,
    }  # fmt: skip
    line = invoice.lines.get()

    def commit(number: str, amount: int) -> None:
        written = CreditNote.objects.create(number=number, **note)
        CreditNoteLine.objects.create(credit_note=written, invoice_line=line, amount=amount)
        connection.check_constraints()

    for amount, words in ((99, "do not add up to it"), (100, "does not know of")):
        with pytest.raises(IntegrityError, match=words), transaction.atomic():
            commit(f"CN-{amount}", amount)
