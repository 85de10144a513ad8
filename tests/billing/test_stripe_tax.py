"""Tax that Stripe reckons: no invoice without its answer, no sale reported twice, and no half of anything."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.enums import TokenScope
from apps.accounts.services import create_access_token
from apps.billing import services
from apps.billing.coupons import CouponSpec
from apps.billing.enums import CreditReason, LineKind
from apps.billing.errors import NothingToReport, TaxDetailsNeeded, TaxNotKnown
from apps.billing.models import Checkout, CreditNote, Invoice, TaxCalculation, TaxReport
from apps.billing.services import stripe_tax
from apps.billing.services.invoicing import LineSpec
from apps.billing.services.items import add_items
from apps.billing.tax import sent_amounts, tax_lines
from apps.core.transactions import ATTEMPTS
from apps.payments.models import PaymentMethod
from apps.subscriptions.models import Subscription
from tests.api.client import Api
from tests.billing.world import NOW, Shop, fresh, invoices, move_clock
from tests.factories.accounts import UserFactory
from tests.factories.actors import make_actor
from tests.fakes.stripe import PLATFORM, FakeStripe
from tests.payments.stripe_world import beside_stripe
from tests.threads import at_once

COMMITTED = pytest.mark.django_db(transaction=True)
CALCULATIONS = "/v1/tax/calculations"
TRANSACTIONS = "/v1/tax/transactions/.*"
MONTH = NOW + dt.timedelta(days=30, hours=1)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, settings: Any, db: None) -> Iterator[FakeStripe]:
    settings.TAX_MODE, settings.TAX_ISSUER_COUNTRY = "stripe", "DE"
    with beside_stripe(monkeypatch, settings) as server:
        yield server


def say(shop: Shop, **profile: str) -> None:
    """Who Alice's organization is."""
    empty = {"legal_name": "", "address": "", "country": "", "tax_id": "", "email": ""}
    services.save_profile(actor=shop.alice, **(empty | profile))


def transactions(fake: FakeStripe) -> list[dict[str, Any]]:
    """Those of Stripe's tax reports, the oldest first."""
    return list(fake.world.of_kind(PLATFORM, "tax.transaction"))[::-1]


def sums(fake: FakeStripe, item: dict[str, Any]) -> tuple[int, int]:
    lines = fake.world.private[item["id"]]
    return sum(line["amount"] for line in lines), sum(line["amount_tax"] for line in lines)


def asked(fake: FakeStripe) -> int:
    return sum(1 for each in fake.server.requests if each.path == CALCULATIONS)


class TestArithmetic:
    prices = st.lists(st.integers(-100_000, 1_000_000), min_size=1, max_size=6)

    @given(prices, st.sampled_from(["19", "8.25", "0"]), st.booleans())
    def test_lines_bear_what_was_reckoned_of_what_was_sent(
        self, prices: list[int], percent: str, inclusive: bool
    ) -> None:
        total = sum(prices)
        if total <= 0:
            return
        sent = sent_amounts(prices)
        assert sum(sent) == total
        assert all(0 <= part <= max(price, 0) for part, price in zip(sent, prices, strict=True))
        rate = Decimal(percent)
        taxes = [int(part * rate / (100 + rate if inclusive else 100)) for part in sent]
        taxed = tax_lines(prices, sent, taxes, inclusive=inclusive)
        assert sum(line.tax_amount for line in taxed) == sum(taxes)
        if inclusive:
            assert sum(line.amount + line.tax_amount for line in taxed) == total
        else:
            assert [line.amount for line in taxed] == prices
        if min(prices) >= 0:
            assert [line.tax_amount for line in taxed] == taxes

    def test_what_a_discount_takes_off_it_takes_off_the_tax_too(self) -> None:
        assert sent_amounts([1000, -500, 300]) == [615, 0, 185]
        taxed = tax_lines([1000, -500, 300], [615, 0, 185], [117, 0, 35], inclusive=False)
        assert [line.tax_amount for line in taxed] == [190, -95, 57]  # 152 together


@pytest.mark.django_db
class TestInvoices:
    @pytest.mark.parametrize(
        ("profile", "percent", "tax", "name", "note"),
        [
            ({}, "19", 190, "VAT", ""),
            ({"country": "US", "postal_code": "94080", "state": "CA"}, "8.25", 82, "Sales Tax", ""),
            ({"country": "FR", "tax_id": "AB123456789"}, "0", 0, "", "Reverse charge"),
            ({"country": "JP"}, "0", 0, "", ""),
        ],
    )
    def test_a_first_invoice_bears_what_stripe_says_and_is_reported_once_paid(
        self, shop: Shop, fake: FakeStripe, profile: dict[str, str], percent: str, tax: int, name: str, note: str
    ) -> None:
        say(shop, **profile)
        shop.buy(shop.plan("Odd", 999))
        [invoice] = invoices()
        [line] = invoice.lines.all()
        assert (invoice.status, invoice.total_amount, invoice.tax_name) == ("paid", 999 + tax, name)
        assert invoice.tax_note.startswith(note)
        assert bool(invoice.tax_note) is bool(note)
        assert (line.amount, line.tax_amount, line.tax_percent) == (999, tax, Decimal(percent))
        assert asked(fake) == 1
        assert shop.balances().get("tax", 0) == -tax
        assert services.report_tax() == 1
        assert services.report_tax() == 0
        [sale] = transactions(fake)
        assert (sale["reference"], sums(fake, sale)) == (invoice.number, (999, tax))

    def test_prices_that_contain_the_tax_stay_what_is_paid(self, shop: Shop, fake: FakeStripe, settings: Any) -> None:
        settings.TAX_INCLUSIVE = True
        shop.buy(shop.plan("Odd", 999))
        [invoice] = invoices()
        assert (invoice.subtotal_amount, invoice.tax_amount, invoice.total_amount) == (839, 160, 999)
        services.refund_invoice(
            actor=make_actor(shop.product.organization), invoice=invoice, reason=CreditReason.SERVICE, amount=500
        )
        assert services.report_tax() == 2
        sale, reversal = transactions(fake)
        assert (sums(fake, sale), sums(fake, reversal)) == ((999, 160), (-500, -80))

    def test_charges_and_credits_sum_to_the_tax_on_their_difference(self, shop: Shop, fake: FakeStripe) -> None:
        """At prices that change while Stripe thinks, too: they are those of the first attempt."""
        dear, dearer = shop.plan("Dear", 50_000_000), shop.plan("Dearer", 99_000_000)
        subscription = shop.buy(dear)
        move_clock(NOW + dt.timedelta(days=3))
        fake.control("faults", kind="delay", seconds=0.2, times=ATTEMPTS, path=CALCULATIONS)
        checkout = services.start_plan_change(actor=shop.alice, subscription=subscription, plan=dearer)
        invoice = checkout.invoice
        charge, credit = invoice.lines.all()
        assert credit.amount < 0 < charge.amount
        assert credit.tax_amount < 0 < charge.tax_amount
        assert charge.tax_amount + credit.tax_amount == invoice.tax_amount
        difference = charge.amount + credit.amount
        assert invoice.tax_amount == (difference * 19 + 50) // 100
        assert (charge.tax_percent, credit.tax_percent) == (19, 19)
        assert asked(fake) == 2

    @pytest.mark.parametrize("kind", ["drop", "drop_before", "rate_limit", "unavailable", "error_before"])
    def test_without_an_answer_nothing_is_begun_and_the_next_attempt_goes_through(
        self, shop: Shop, fake: FakeStripe, kind: str
    ) -> None:
        fake.control("faults", kind=kind, path=CALCULATIONS)
        with pytest.raises(TaxNotKnown):
            services.start_checkout(actor=shop.alice, plan=shop.basic)
        assert not Subscription.objects.exists()
        assert not Checkout.objects.exists()
        assert not Invoice.objects.exists()
        shop.buy(shop.basic)
        [invoice] = invoices()
        assert (invoice.number, invoice.total_amount) == ("INV-2027-000001", 1190)

    def test_who_stripe_cannot_place_is_asked_for_their_details(self, shop: Shop, fake: FakeStripe) -> None:
        say(shop, country="US")
        with pytest.raises(TaxDetailsNeeded):
            services.start_checkout(actor=shop.alice, plan=shop.basic)
        refused = TaxCalculation.objects.get()
        assert refused.problem.startswith("customer_tax_location_invalid")
        assert refused.refused_at is not None
        say(shop, country="US", state="CA")
        shop.buy(shop.basic)
        assert invoices()[0].tax_amount == 83

    def test_an_invoice_that_is_issued_anew_has_an_answer_of_its_own(self, shop: Shop, fake: FakeStripe) -> None:
        """By a coupon, and because the one before is more than an hour old."""
        owner = make_actor(shop.product.organization)
        half = CouponSpec("half", percent=Decimal(50))
        services.create_coupon(actor=owner, product=shop.product, spec=half)
        checkout = services.start_checkout(actor=shop.alice, plan=shop.basic)
        services.redeem_coupon(actor=shop.alice, subscription=checkout.subscription, code="half")
        move_clock(NOW + dt.timedelta(hours=2))
        services.pay_checkout(actor=shop.alice, checkout=fresh(checkout), method=shop.card())
        assert [(one.status, one.total_amount) for one in invoices()] == [("void", 1190), ("void", 595), ("paid", 595)]
        assert len({one.tax_calculation.reference for one in invoices()}) == 3
        assert [(line.amount, line.tax_amount) for line in invoices()[-1].lines.all()] == [(1000, 190), (-500, -95)]
        assert services.report_tax() == 1
        assert [each["reference"] for each in transactions(fake)] == [invoices()[-1].number]

    def test_an_answer_that_an_invoice_has_used_is_not_used_again(self, shop: Shop, fake: FakeStripe) -> None:
        for plan in (shop.basic, shop.pro, shop.basic):
            services.start_checkout(actor=shop.alice, plan=plan)
        assert [(one.status, one.total_amount) for one in invoices()] == [
            ("void", 1190),
            ("void", 3570),
            ("open", 1190),
        ]
        assert len({one.tax_calculation.reference for one in invoices()}) == 3

    @COMMITTED
    def test_by_rest_with_an_idempotency_key(self, shop: Shop, fake: FakeStripe) -> None:
        """The request's own transaction is done again, too."""
        _token, secret = create_access_token(actor=shop.alice, name="t", scopes=list(TokenScope))
        api = Api(secret)
        fake.control("faults", kind="unavailable", path=CALCULATIONS)
        body = {"plan": shop.basic.public_id}
        assert api.post("/subscriptions", body, key="a").code == "tax_not_known"
        bought = api.post("/subscriptions", body, key="a").data
        assert bought["checkout"]["invoice"]["total_amount"] == 1190
        assert api.post("/subscriptions", body, key="a").data == bought
        assert len(invoices()) == 1

    @COMMITTED
    def test_two_at_once_never_share_an_answer(self, shop: Shop, fake: FakeStripe) -> None:
        bob = make_actor()
        made = at_once(
            *[lambda actor=actor: services.start_checkout(actor=actor, plan=shop.basic) for actor in (shop.alice, bob)]
        )
        assert [one.invoice.total_amount for one in made] == [1190, 1190]
        assert TaxCalculation.objects.filter(invoice__isnull=False).count() == 2

    def test_what_asks_something_else_each_time_is_refused(
        self, shop: Shop, fake: FakeStripe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stripe_tax, "digest_of", lambda *asked: f"{len(fake.server.requests)}")
        with pytest.raises(Exception, match="changed meanwhile"):
            services.start_checkout(actor=shop.alice, plan=shop.basic)
        assert asked(fake) == ATTEMPTS
        assert not Invoice.objects.exists()

    def test_what_an_invoice_was_issued_with_is_kept_and_the_rest_forgotten(self, shop: Shop, fake: FakeStripe) -> None:
        shop.buy(shop.basic)
        say(shop, country="US")
        with pytest.raises(TaxDetailsNeeded):
            services.start_checkout(actor=make_actor(shop.alice.organization), plan=Shop(alice=shop.alice).basic)
        kept = TaxCalculation.objects.get(invoice__isnull=False)
        with pytest.raises(IntegrityError), transaction.atomic():
            TaxCalculation.objects.filter(pk=kept.pk).update(answer={})
        move_clock(NOW + dt.timedelta(days=8))
        assert services.forget_tax_calculations() == 1
        assert TaxCalculation.objects.get() == kept


@pytest.mark.django_db
class TestRenewals:
    def test_a_draft_waits_for_the_tax_and_says_why_and_the_next_run_issues_it(
        self, shop: Shop, fake: FakeStripe
    ) -> None:
        shop.buy(shop.pro)
        move_clock(MONTH)
        fake.control("faults", kind="unavailable", path=CALCULATIONS)
        done = services.close_due_periods()
        assert (done["periods turned"], done["invoices issued"], done["invoices collected"]) == (1, 0, 0)
        draft = invoices()[-1]
        assert (draft.status, draft.number, draft.tax_problem) == ("draft", "", stripe_tax.NO_ANSWER)
        done = services.close_due_periods()
        assert (done["invoices issued"], done["invoices collected"]) == (1, 1)
        renewal = fresh(draft)
        assert (renewal.status, renewal.number, renewal.total_amount) == ("paid", "INV-2027-000002", 3570)
        assert renewal.tax_problem == ""

    def test_a_draft_of_somebody_whom_stripe_cannot_place_stands_in_nobodys_way(
        self, shop: Shop, fake: FakeStripe
    ) -> None:
        shop.buy(shop.pro)
        say(shop, country="US")
        nowhere, shop.alice = shop.alice, make_actor()
        shop.buy(shop.pro)
        move_clock(MONTH)
        assert services.close_due_periods()["invoices issued"] == 1
        draft = Invoice.objects.get(status="draft")
        assert draft.organization == nowhere.organization
        assert draft.tax_problem.startswith("customer_tax_location_invalid")


@pytest.mark.django_db
class TestReports:
    @pytest.mark.parametrize("kind", ["drop", "drop_before", "rate_limit", "unavailable", "error_before"])
    def test_a_lost_answer_makes_no_second_transaction(self, shop: Shop, fake: FakeStripe, kind: str) -> None:
        shop.buy(shop.basic)
        fake.control("faults", kind=kind, path=TRANSACTIONS)
        assert services.report_tax() == 0
        assert TaxReport.objects.get().problem == "Stripe gave no answer; it is asked again."
        runs = 0
        while TaxReport.objects.filter(status="waiting").exists():
            services.report_tax()
            runs += 1
            assert runs <= 3
        assert [one["reference"] for one in transactions(fake)] == [invoices()[0].number]
        assert (TaxReport.objects.get().status, TaxReport.objects.get().problem) == ("reported", "")

    def test_an_error_of_stripes_own_after_the_fact_makes_no_second_one_either(
        self, shop: Shop, fake: FakeStripe
    ) -> None:
        """Stripe keeps it as the answer to the key, and takes a reference once: staff see that it says no."""
        shop.buy(shop.basic)
        fake.control("faults", kind="error_after", path=TRANSACTIONS)
        for _run in range(4):
            services.report_tax()
        assert len(transactions(fake)) == 1
        refused = TaxReport.objects.get()
        assert refused.status == "refused"
        assert "already exists" in refused.problem

    @COMMITTED
    def test_two_processes_report_once(self, shop: Shop, fake: FakeStripe) -> None:
        shop.buy(shop.basic)
        at_once(services.report_tax, services.report_tax)
        services.report_tax()
        assert len(transactions(fake)) == 1
        assert TaxReport.objects.get().status == "reported"

    def test_credit_notes_take_back_exactly_what_they_say(self, shop: Shop, fake: FakeStripe) -> None:
        """Of an invoice with a line below zero: in parts, over a lost answer, until nothing is left."""
        owner = make_actor(shop.product.organization)
        tenth = CouponSpec("tenth", percent=Decimal(10))
        services.create_coupon(actor=owner, product=shop.product, spec=tenth)
        checkout = services.start_checkout(actor=shop.alice, plan=shop.plan("Odd", 999), coupon="tenth")
        services.pay_checkout(actor=shop.alice, checkout=checkout, method=shop.card())
        [invoice] = invoices()
        assert invoice.total_amount == 899 + 171
        for amount in (333, 1, None):
            services.refund_invoice(actor=owner, invoice=invoice, reason=CreditReason.SERVICE, amount=amount)
        fake.control("faults", kind="drop", path=".*create_reversal")
        while TaxReport.objects.filter(status="waiting").exists():
            services.report_tax()
        sale, *reversals = transactions(fake)
        notes = list(CreditNote.objects.order_by("pk"))
        assert [one["reference"] for one in reversals] == [note.number for note in notes]
        assert [sums(fake, one) for one in reversals] == [(-n.subtotal_amount, -n.tax_amount) for n in notes]
        assert {one["reversal"]["original_transaction"] for one in reversals} == {sale["id"]}
        assert sums(fake, sale) == (899, 171)
        assert sum(note.total_amount for note in notes) == invoice.total_amount
        assert (shop.balances()["cash"], shop.balances()["tax"]) == (0, 0)

    def test_an_invoice_of_many_lines_is_taken_back_bit_by_bit(self, shop: Shop, fake: FakeStripe) -> None:
        """More lines than Stripe shows at once, and each of them at most once."""
        subscription = shop.buy(shop.basic)
        start, end = NOW, NOW + dt.timedelta(days=30)
        lines = [
            LineSpec(LineKind.OVERAGE, f"Late {number}", shop.basic, start, end, number, Decimal(number))
            for number in range(1, 13)
        ]
        add_items(subscription=subscription, currency="USD", lines=lines, source="late")
        move_clock(MONTH)
        services.close_due_periods()
        renewal = invoices()[-1]
        taxes = [line.tax_amount for line in renewal.lines.all()]
        assert taxes == [190, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2]
        assert (renewal.subtotal_amount, renewal.tax_amount) == (1078, sum(taxes))
        owner = make_actor(shop.product.organization)
        for amount in (1000, 7, None):
            services.refund_invoice(actor=owner, invoice=renewal, reason=CreditReason.SERVICE, amount=amount)
        assert services.report_tax() == 5
        sale, *reversals = transactions(fake)[1:]
        assert (len(fake.world.private[sale["id"]]), sums(fake, sale)) == (13, (1078, sum(taxes)))
        assert sum(sums(fake, one)[0] for one in reversals) == -1078
        assert sum(sums(fake, one)[1] for one in reversals) == -sum(taxes)

    def test_what_was_let_off_before_the_payment_is_reported_with_it(self, shop: Shop, fake: FakeStripe) -> None:
        shop.buy(shop.pro)
        services.report_tax()
        PaymentMethod.objects.update(token="sbx:insufficient_funds:visa:9995:2060-12:x")
        move_clock(MONTH)
        services.close_due_periods()
        renewal = invoices()[-1]
        owner = make_actor(shop.product.organization)
        services.refund_invoice(actor=owner, invoice=renewal, reason=CreditReason.GOODWILL, amount=1190)
        assert services.report_tax() == 0  # nothing is paid, and nothing owed to the tax office
        services.pay_invoice(actor=shop.alice, invoice=fresh(renewal), method=shop.card())
        assert services.report_tax() == 2
        assert [sums(fake, one) for one in transactions(fake)[1:]] == [(3000, 570), (-1000, -190)]

    def test_what_stripe_refused_waits_for_staff_with_what_follows_it(self, shop: Shop, fake: FakeStripe) -> None:
        shop.buy(shop.basic)
        fake.control("advance", days=91)  # the calculation expires
        services.report_tax()
        refused = TaxReport.objects.get()
        assert refused.status == "refused"
        assert refused.problem.startswith("tax_calculation_expired")
        owner = make_actor(shop.product.organization)
        services.refund_invoice(actor=owner, invoice=invoices()[0], reason=CreditReason.SERVICE)
        assert services.report_tax() == 0
        staff = UserFactory(is_staff=True, is_superuser=True)
        fake.control("advance", days=-91)
        services.retry_tax_report(staff=staff, report=refused, reason="extended")
        assert services.report_tax() == 2
        assert [one["type"] for one in transactions(fake)] == ["transaction", "reversal"]
        with pytest.raises(NothingToReport):
            services.retry_tax_report(staff=staff, report=refused, reason="again")
        with pytest.raises(IntegrityError), transaction.atomic():
            TaxReport.objects.update(reference="another")

    def test_an_invoice_taxed_in_another_way_is_not_reported(self, shop: Shop, fake: FakeStripe, settings: Any) -> None:
        settings.TAX_MODE = "none"
        shop.buy(shop.basic)
        assert not TaxReport.objects.exists()
