"""The consumer's billing pages: who sees them, and the way from a plan to a paid invoice and back."""

import datetime as dt
import io

import pytest
from django.test import Client
from django.urls import resolve, reverse
from pypdf import PdfReader

from apps.accounts.enums import Role
from apps.billing import services
from apps.billing.models import Checkout, Invoice, UsageCase
from apps.payments.models import Payment, PaymentMethod
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from tests.billing.world import NOW, Shop, fresh, move_clock
from tests.factories.accounts import MembershipFactory
from tests.factories.actors import make_actor
from tests.factories.billing import make_usage_invoice
from tests.factories.plans import QuotaFactory
from tests.portal.billing.addresses import ARRIVALS, DEEDS, PAGES, ids_of, routes, url
from tests.portal.support import HOSTILE_SEGMENTS, links_of, text_of

pytestmark = pytest.mark.django_db

CARD = {"number": "4242 4242 4242 4242", "exp_month": "12", "exp_year": "2060", "cvc": "123", "name": "Ada"}


@pytest.fixture
def alice(client: Client, shop: Shop) -> Client:
    client.force_login(shop.alice.user)
    return client


@pytest.fixture
def checkout(shop: Shop) -> Checkout:
    return services.start_checkout(actor=shop.alice, plan=shop.pro)


class TestBuying:
    def test_who_needs_a_card_first_is_shown_where_to_add_it(self, alice: Client, shop: Shop) -> None:
        plan = shop.metered(price=0)
        page = reverse("portal:subscribe", args=[shop.product.slug, plan.slug])
        slug = shop.alice.organization.slug
        sent = {"organization": slug, "plan": plan.public_id, "overage_allowed": "on"}
        refused = alice.post(page, sent)
        assert refused.status_code == 422
        assert reverse("portal:cards", args=[slug]) in refused.content.decode()
        assert b"Add a card</" not in alice.get(page).content

    def test_from_the_plan_to_the_paid_invoice(self, alice: Client, shop: Shop) -> None:
        organization = shop.alice.organization
        subscribe = reverse("portal:subscribe", args=[shop.product.slug, "pro"])
        page = alice.post(subscribe, {"organization": organization.slug, "plan": shop.pro.public_id}, follow=True)
        text = text_of(page)
        for words in ("30.00 USD is due today", "Weather: Pro", "Renews on 10 May 2027 for 30.00 USD", "Sandbox"):
            assert words in text
        checkout = Checkout.objects.get()
        pay = url("checkout-pay", checkout=checkout)

        declined = alice.post(pay, CARD | {"number": "4000 0000 0000 0002"})
        assert declined.status_code == 402
        assert "The bank declined the card" in text_of(declined)
        assert b'value="4000' not in declined.content
        assert b'value="123"' not in declined.content
        assert PaymentMethod.objects.get().removed_at  # it is not kept

        assert alice.get(pay).url == url("checkout", checkout=checkout)  # the address of the declined one, opened again

        wrong = alice.post(pay, CARD | {"number": "4111 1111 1111 1111"})
        assert (wrong.status_code, "test cards only" in text_of(wrong)) == (422, True)
        assert "4111" not in wrong.content.decode()

        paid = alice.post(pay, CARD, follow=True)
        assert "Create a key" in text_of(paid)
        invoice = Invoice.objects.get()
        assert fresh(checkout.subscription).status == SubscriptionStatus.ACTIVE
        assert PaymentMethod.objects.get(removed_at=None).is_default

        late = alice.post(pay, CARD | {"number": "5555 5555 5555 4444"})
        assert late.status_code == 409
        assert alice.post(pay, CARD).status_code == 409
        assert PaymentMethod.objects.get(removed_at=None).last4 == "4242", "what was saved before stays"

        text = text_of(alice.get(url("invoices", checkout=checkout)))
        assert "INV-2027-000001" in text
        assert "Nothing is overdue" in text
        text = text_of(alice.get(url("invoice", checkout=checkout)))
        assert "30.00 USD paid on 10 April 2027" in text
        assert "The bank declined the card" in text
        pdf = alice.get(url("invoice-pdf", checkout=checkout))
        assert pdf["Content-Type"] == "application/pdf"
        assert pdf["Content-Disposition"] == f'attachment; filename="{invoice.number}.pdf"'
        assert invoice.number in PdfReader(io.BytesIO(pdf.content)).pages[0].extract_text()
        assert "This purchase is finished" in text_of(alice.get(url("checkout", checkout=checkout)))

    def test_a_saved_card_pays_and_those_of_others_are_no_choice(
        self, alice: Client, shop: Shop, checkout: Checkout
    ) -> None:
        card, foreign = shop.card(), Shop().card()
        assert str(card) in text_of(alice.get(url("checkout", checkout=checkout)))
        pay = url("checkout-pay", checkout=checkout)
        for method in (foreign.public_id, "", "\x00", "pm_nothing"):
            assert alice.post(pay, {"method": method}).status_code == 422
        assert alice.post(pay, {"method": card.public_id}).status_code == 302
        assert alice.post(pay, {"method": card.public_id}).status_code == 409  # it is paid
        assert Payment.objects.get().method == card

    def test_whose_time_is_over_is_told_to_begin_again(self, alice: Client, shop: Shop, checkout: Checkout) -> None:
        move_clock(NOW + dt.timedelta(days=2))
        page = alice.get(url("checkout", checkout=checkout))
        assert "The time of this checkout is over" in text_of(page)
        assert alice.post(url("checkout-pay", checkout=checkout), {"method": shop.card().public_id}).status_code == 409
        resumed = alice.post(url("subscription-checkout", checkout=checkout))
        assert resumed.status_code == 302
        assert resumed["Location"] != url("checkout", checkout=checkout)

    def test_an_unpaid_subscription_says_how_to_go_on(self, alice: Client, checkout: Checkout) -> None:
        slug = checkout.organization.slug
        page = alice.get(reverse("portal:subscription-manage", args=[slug, checkout.subscription.public_id]))
        assert "Weather is not paid yet" in text_of(page)
        dashboard = text_of(alice.get(reverse("portal:dashboard", args=[slug])))
        assert "Weather is not paid yet" in dashboard
        assert "Go on to the payment" in dashboard
        assert "Nothing is near its limit" not in dashboard
        response = alice.post(url("subscription-checkout", checkout=checkout))
        assert response["Location"] == url("checkout", checkout=checkout)


class TestChanging:
    def test_an_upgrade_shows_its_price_and_is_paid(self, alice: Client, shop: Shop) -> None:
        subscription = shop.buy(shop.basic)
        move_clock(NOW + dt.timedelta(days=15))
        page = alice.get(url("plan-change", subscription=subscription))
        assert {"?to=pro", "?to=free"} <= links_of(page)
        text = text_of(alice.get(url("plan-change", subscription=subscription), {"to": "pro"}))
        for words in ("10.00 USD is due today", "Credit −5.00", "Your plan", "New plan"):
            assert words in text
        response = alice.post(url("plan-change-start", subscription=subscription), {"plan": shop.pro.public_id})
        checkout = Checkout.objects.get(status="open")
        assert response["Location"] == url("checkout", checkout=checkout)
        card = PaymentMethod.objects.get()
        done = alice.post(url("checkout-pay", checkout=checkout), {"method": card.public_id}, follow=True)
        assert "Weather is on the plan Pro now" in text_of(done)

    def test_a_downgrade_and_a_cancel_wait_and_are_undone(self, alice: Client, shop: Shop) -> None:
        subscription = shop.buy(shop.pro)
        text = text_of(alice.get(url("plan-change", subscription=subscription), {"to": "basic"}))
        assert "at the end of the period, on 10 May 2027. Nothing is due today." in text
        undo = url("plan-change-undo", subscription=subscription)
        for address, sent, words in (
            ("plan-change-start", {"plan": shop.basic.public_id}, "Basic from 10 May 2027 on"),
            ("subscription-cancel-later", {}, "Ends on 10 May 2027"),
        ):
            page = alice.post(url(address, subscription=subscription), sent, follow=True)
            assert words in text_of(page)
            assert words in text_of(alice.get(reverse("portal:dashboard", args=[shop.alice.organization.slug])))
            assert "goes on as it is" in text_of(alice.post(undo, follow=True))
        kept = fresh(subscription)
        assert (kept.plan, kept.pending_plan, kept.cancel_at_period_end) == (shop.pro, None, False)

    def test_says_what_becomes_of_the_quota_and_of_extra_units(self, alice: Client, shop: Shop) -> None:
        metered = shop.metered()
        QuotaFactory(plan=shop.pro, included_units=5000)
        subscription = shop.buy(metered)
        page = url("plan-change", subscription=subscription)
        text = text_of(alice.get(page))
        assert "Metered Your plan" in text
        now = text_of(alice.get(page, {"to": "pro"}))
        assert "Extra units Those that you have used under Metered are charged to your default card as well" in now
        assert "Quota Begins anew" in now
        later = text_of(alice.get(page, {"to": "free"}))
        assert "until then are charged to your default card when the period ends" in later
        manage = reverse("portal:subscription-manage", args=[shop.alice.organization.slug, subscription.public_id])
        assert "Extra units that are used until then are charged" in text_of(alice.get(manage))

    def test_a_credit_of_nothing_has_its_reason(self, alice: Client, shop: Shop) -> None:
        shop.plan("Yearly", 36000, interval="year")
        subscription = shop.buy(shop.basic)
        move_clock(NOW + dt.timedelta(days=30, minutes=-1))
        text = text_of(alice.get(url("plan-change", subscription=subscription), {"to": "yearly"}))
        assert "360.00 USD is due today" in text
        assert "Credit 0.00 USD nothing that was paid for Basic is left" in text

    def test_a_product_that_ends_has_no_other_plan_and_ends_its_subscriptions(self, alice: Client, shop: Shop) -> None:
        subscription = shop.buy(shop.basic)
        shop.product.status, shop.product.retires_at = "unpublished", NOW + dt.timedelta(days=15)
        shop.product.save()
        page = url("plan-change", subscription=subscription)
        for address in (page, f"{page}?to=pro"):
            text = text_of(alice.get(address))
            assert "Weather is not on sale. You keep the plan Basic." in text
            assert "No other plan on sale" in text
        sent = alice.post(
            url("plan-change-start", subscription=subscription), {"plan": shop.pro.public_id}, follow=True
        )
        assert "not on sale any more" in text_of(sent)
        slug = shop.alice.organization.slug
        manage = reverse("portal:subscription-manage", args=[slug, subscription.public_id])
        text = text_of(alice.get(manage))
        assert "Its keys work until 25 April 2027, when the product ends." in text
        assert "work until 10 May" not in text
        dashboard = reverse("portal:dashboard", args=[slug])
        assert "Ends on 25 April 2027" in text_of(alice.get(dashboard))
        done = alice.post(url("subscription-cancel-later", subscription=subscription), follow=True)
        assert "The subscription ends on 25 April 2027" in text_of(done)

    def test_a_plan_that_is_no_choice_changes_nothing(self, alice: Client, shop: Shop) -> None:
        subscription = shop.buy(shop.pro)
        for plan in ("", "x", Shop().pro.public_id, shop.pro.public_id):
            page = alice.post(url("plan-change-start", subscription=subscription), {"plan": plan}, follow=True)
            assert "not on sale any more" in text_of(page)
        assert "is due today" not in text_of(alice.get(url("plan-change", subscription=subscription), {"to": "x"}))


class TestRenewals:
    def test_who_is_past_due_is_told_and_pays_the_invoice(self, alice: Client, shop: Shop) -> None:
        subscription = shop.buy(shop.pro, keep_card=False)
        move_clock(NOW + dt.timedelta(days=31))
        services.close_due_periods()
        invoice = Invoice.objects.get(reason="renewal")
        slug = shop.alice.organization.slug
        manage = reverse("portal:subscription-manage", args=[slug, subscription.public_id])
        assert "A payment for Weather failed" in text_of(alice.get(manage))
        assert "A payment for Weather failed" in text_of(alice.get(reverse("portal:dashboard", args=[slug])))
        assert "1 invoice could not be charged" in text_of(alice.get(reverse("portal:invoices", args=[slug])))
        pay = reverse("portal:invoice-pay", args=[slug, invoice.public_id])
        declined = alice.post(pay, CARD | {"number": "4000000000009995"})
        assert (declined.status_code, "insufficient funds" in text_of(declined)) == (402, True)
        cards = PaymentMethod.objects.filter(removed_at=None)
        known = list(cards)
        first = Invoice.objects.get(reason="subscribe")
        again = alice.post(reverse("portal:invoice-pay", args=[slug, first.public_id]), CARD)
        assert (again.status_code, list(cards)) == (409, known), "what is not paid with is not kept"
        assert "is paid" in text_of(alice.post(pay, CARD, follow=True))
        assert fresh(subscription).status == SubscriptionStatus.ACTIVE


class TestCards:
    def test_cards_are_added_made_default_and_removed(self, alice: Client, shop: Shop) -> None:
        slug = shop.alice.organization.slug
        address = reverse("portal:cards", args=[slug])
        assert "No cards yet" in text_of(alice.get(address))
        for number in ("4242424242424242", "5555555555554444"):
            assert alice.post(reverse("portal:card-add", args=[slug]), CARD | {"number": number}).status_code == 302
        first, second = PaymentMethod.objects.order_by("pk")
        alice.post(reverse("portal:card-default", args=[slug, second.public_id]))
        alice.post(reverse("portal:card-remove", args=[slug, first.public_id]))
        text = text_of(alice.get(address))
        assert "Mastercard •••• 4444 Default" in text
        assert "4242 Default" not in text

    @pytest.mark.parametrize(
        ("field", "value"), [("number", ""), ("exp_month", "x"), ("exp_year", "2020"), ("cvc", "1"), ("cvc", "x" * 999)]
    )
    def test_a_wrong_card_says_what_is_wrong_and_shows_no_secret(
        self, alice: Client, shop: Shop, field: str, value: str
    ) -> None:
        add = reverse("portal:card-add", args=[shop.alice.organization.slug])
        response = alice.post(add, CARD | {"cvc": "987", "number": "4242 4242 4242 4242"} | {field: value})
        assert response.status_code == 422
        assert 'value="987"' not in response.content.decode()
        assert "4242 4242 4242 4242" not in response.content.decode().replace('placeholder="4242 4242 4242 4242"', "")
        assert not PaymentMethod.objects.exists()


class TestDocuments:
    def test_filters_files_a_month_and_a_dispute(self, alice: Client, shop: Shop) -> None:
        subscription = shop.buy(shop.metered())
        invoice = make_usage_invoice(subscription)
        slug = shop.alice.organization.slug
        listed = reverse("portal:invoices", args=[slug])
        for query, numbers in (
            ({"status": "paid"}, {"INV-2027-000001"}),
            ({"status": "past_due"}, {"INV-2027-000002"}),
            ({"q": "000002", "product": shop.product.slug, "from": "2027-04-10", "to": "2027-04-10"}, {invoice.number}),
            ({"from": "2027-04-11"}, set()),
            ({"from": "nonsense", "status": "nonsense"}, {"INV-2027-000001", "INV-2027-000002"}),
        ):
            rows = alice.get(listed, query | {"format": "csv"}).content.decode().splitlines()[1:]
            assert {row.split(",")[0] for row in rows} == numbers, query
        page = reverse("portal:invoice-line", args=[slug, invoice.public_id, 1])
        refused = alice.post(page, {"text": "Not mine", "asked": "10.001"})
        assert refused.status_code == 422
        assert "with the decimals of the currency" in text_of(refused)
        assert "more than what is left" in text_of(alice.post(page, {"text": "Not mine", "asked": "10.01"}))
        assert "Not mine" in text_of(alice.post(page, {"text": "Not mine", "asked": "4"}, follow=True))
        creator = Client()
        creator.force_login(make_actor(shop.product.organization).user)
        case = UsageCase.objects.get()
        own = reverse("portal:studio-case", args=[shop.product.organization.slug, shop.product.slug, case.public_id])
        assert "Asks for 4.00 USD" in text_of(creator.get(own))
        creator.post(own, {"decision": "accept", "amount": "2.50", "answer": "Half"})
        text = text_of(alice.get(reverse("portal:invoice", args=[slug, invoice.public_id])))
        assert "7.50 USD is to be paid" in text
        assert "CN-2027-000001" in text
        month = text_of(alice.get(reverse("portal:billing-month", args=[slug])))
        for words in ("Issued 20.00 USD", "Paid 10.00 USD", "Credited 2.50 USD", "Due 7.50 USD", "10 May 2027"):
            assert words in month
        details = reverse("portal:billing-profile", args=[slug])
        assert alice.post(details, {"country": "DE", "tax_id": "x"}).status_code == 422
        assert alice.post(details, {"country": "DE", "tax_id": "DE123456789"}).status_code == 302
        assert 'value="DE123456789"' in alice.get(details).content.decode()


class TestAccess:
    def test_every_page_is_known_to_these_tests(self) -> None:
        assert {name for name, _parameters in routes()} == {*PAGES, *DEEDS, *ARRIVALS}

    @pytest.mark.parametrize("role", Role)
    def test_members_see_what_their_role_allows(self, client: Client, checkout: Checkout, role: str) -> None:
        client.force_login(MembershipFactory(organization=checkout.organization, role=role).user)
        for name in PAGES:
            status = client.get(url(name, checkout=checkout)).status_code
            seen = role in (Role.OWNER, Role.ADMIN) or name == "plan-change"
            assert (name, status) == (name, 200 if seen else 403)
        for name in DEEDS:
            if role in (Role.DEVELOPER, Role.VIEWER):
                assert (name, client.post(url(name, checkout=checkout), CARD).status_code) == (name, 403)

    def test_strangers_find_nothing_and_change_nothing(self, client: Client, shop: Shop, checkout: Checkout) -> None:
        ids = ids_of(checkout)
        client.force_login(MembershipFactory().user)
        for name in (*PAGES, *DEEDS):
            ask = client.post if name in DEEDS else client.get
            assert (name, ask(url(name, checkout=checkout), CARD).status_code) == (name, 404)
        assert fresh(checkout).status == "open"
        own = MembershipFactory()
        client.force_login(own.user)
        theirs = ids | {"organization": own.organization.slug}
        for name, parameters in routes():
            if parameters == ("organization",):
                continue
            found = resolve(url(name, checkout=checkout)).kwargs | theirs
            address = reverse(f"portal:{name}", kwargs={key: found[key] for key in parameters})
            ask = client.post if name in DEEDS else client.get
            assert (name, ask(address, CARD).status_code) == (name, 404)

    def test_any_address_is_answered_with_not_found(self, alice: Client, checkout: Checkout) -> None:
        for name, parameters in routes():
            for parameter in set(parameters) - {"organization", "position"}:  # which only takes digits
                template = url(name, checkout=checkout, **{parameter: "placeholder"})
                for segment in HOSTILE_SEGMENTS[:12]:
                    ask = alice.post if name in DEEDS else alice.get
                    assert ask(template.replace("placeholder", segment), CARD).status_code == 404, (name, segment)

    def test_deeds_want_a_form_of_ours(self, checkout: Checkout, shop: Shop) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(shop.alice.user)
        for name in DEEDS:
            assert client.post(url(name, checkout=checkout), CARD).status_code == 403
            assert client.get(url(name, checkout=checkout)).status_code == (302 if name.endswith("-pay") else 405), name
        visitor = Client()
        for name in PAGES:
            assert visitor.get(url(name, checkout=checkout)).status_code == 302
        assert Subscription.objects.get().status == SubscriptionStatus.INCOMPLETE
