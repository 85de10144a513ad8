"""A payment that the bank wants confirmed, from the checkout to the subscription; and the sandbox's accounts."""

import datetime as dt

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from apps.accounts.enums import Role
from apps.billing import services as billing
from apps.billing.models import Checkout, Invoice
from apps.payments import services
from apps.payments.models import Payment, PaymentMethod, SandboxAccount, SandboxCharge
from apps.payments.providers.sandbox import SandboxProvider
from apps.subscriptions.enums import SubscriptionStatus
from tests.billing.world import NOW, Shop, fresh, move_clock
from tests.factories.accounts import MembershipFactory
from tests.portal.routes import routes_of
from tests.portal.support import text_of

pytestmark = pytest.mark.django_db

CARD = {"number": "4000 0027 6000 3184", "exp_month": "12", "exp_year": "2060", "cvc": "123", "name": "Ada"}
OTHER = CARD | {"number": "4242 4242 4242 4242"}


@pytest.fixture
def alice(client: Client, shop: Shop) -> Client:
    client.force_login(shop.alice.user)
    return client


@pytest.fixture
def checkout(shop: Shop) -> Checkout:
    return billing.start_checkout(actor=shop.alice, plan=shop.pro)


def address(name: str, checkout: Checkout, *ids: str) -> str:
    return reverse(f"portal:{name}", args=[checkout.organization.slug, *ids])


def pay(client: Client, checkout: Checkout, card: dict[str, str] = CARD) -> str:
    """Where the browser is led to."""
    return client.post(address("checkout-pay", checkout, checkout.public_id), card)["Location"]


def test_from_the_checkout_through_the_bank_to_the_subscription(alice: Client, checkout: Checkout) -> None:
    bank = pay(alice, checkout)
    payment = Payment.objects.get()
    assert bank == address("payment-confirm", checkout, payment.public_id)
    assert (payment.status, payment.action_url) == ("requires_action", settings.WEB_URL + bank)
    assert fresh(checkout.subscription).status == SubscriptionStatus.INCOMPLETE

    text = text_of(alice.get(bank))
    for words in ("30.00 USD", "Visa •••• 3184", "Nothing is charged before you confirm", "Refuse"):
        assert words in text
    page = alice.get(address("checkout", checkout, checkout.public_id))
    assert "Your bank wants you to confirm this payment" in text_of(page)
    assert settings.WEB_URL + bank in page.content.decode()
    again = alice.post(address("checkout-pay", checkout, checkout.public_id), OTHER)
    assert (again.status_code, again["Location"], Payment.objects.count()) == (302, bank, 1), "not twice"
    assert PaymentMethod.objects.get(removed_at=None).last4 == "3184", "the card that waits is kept"
    # The bank leads back without an answer: nothing has changed.
    back = alice.get(address("payment", checkout, payment.public_id))
    assert back["Location"] == address("checkout", checkout, checkout.public_id)

    done = alice.post(bank, {"answer": "confirm"}, follow=True)
    assert "The payment is confirmed" in text_of(done)
    assert fresh(checkout.subscription).status == SubscriptionStatus.ACTIVE
    payment = fresh(payment)
    assert (payment.status, payment.action_url) == ("succeeded", "")
    assert SandboxCharge.objects.count() == 1
    late = alice.post(bank, {"answer": "refuse"})
    assert late["Location"] == reverse(
        "portal:subscription", args=[checkout.organization.slug, checkout.subscription.public_id]
    )
    assert fresh(payment).status == "succeeded"


def test_what_is_refused_or_given_up_can_be_paid_in_another_way(alice: Client, checkout: Checkout) -> None:
    refused = alice.post(pay(alice, checkout), {"answer": "refuse"}, follow=True)
    assert "The bank wanted the payment to be confirmed, and it was not" in text_of(refused)
    pay(alice, checkout)
    payment = Payment.objects.get(status="requires_action")
    give_up = address("payment-give-up", checkout, payment.public_id)
    assert alice.post(give_up)["Location"] == address("checkout", checkout, checkout.public_id)
    assert fresh(payment).status == "failed"
    # The bank's page, still open in another tab, has nothing to confirm any more.
    SandboxProvider().answer_confirmation(reference=payment.provider_reference, answer="confirmed")  # type: ignore[arg-type]
    assert alice.post(give_up).status_code == 302
    assert "subscriptions" in pay(alice, checkout, OTHER)
    assert sorted(Payment.objects.values_list("status", flat=True)) == ["failed", "failed", "succeeded"]


def test_a_renewal_that_waits_is_confirmed_on_its_invoice(alice: Client, shop: Shop) -> None:
    subscription = shop.buy(shop.pro, keep_card=False)
    PaymentMethod.objects.update(is_default=False)
    shop.card("confirms_off_session", is_default=True)
    move_clock(NOW + dt.timedelta(days=31))
    billing.close_due_periods()
    payment = Payment.objects.get(status="requires_action")
    slug = shop.alice.organization.slug
    invoice = reverse("portal:invoice", args=[slug, payment.reference])
    assert "Your bank wants you to confirm this payment" in text_of(alice.get(invoice))
    done = alice.post(reverse("portal:payment-confirm", args=[slug, payment.public_id]), {"answer": "confirm"})
    assert done["Location"] == invoice
    assert fresh(payment).status == "succeeded"
    assert fresh(subscription).status == SubscriptionStatus.ACTIVE


def test_a_confirmation_that_does_not_come_ends_after_a_day(alice: Client, checkout: Checkout) -> None:
    pay(alice, checkout)
    payment = Payment.objects.get()
    move_clock(NOW + dt.timedelta(hours=23))
    assert services.settle_payments() == 0
    move_clock(NOW + dt.timedelta(hours=25))
    assert services.settle_payments() == 1
    payment = fresh(payment)
    assert (payment.status, payment.decline_code) == ("failed", "authentication_required")
    assert Invoice.objects.get().status == "open"


def test_the_holder_sets_an_account_up(alice: Client, shop: Shop, checkout: Checkout) -> None:
    provider = SandboxProvider()
    reference = provider.create_account(
        idempotency_key="k", organization_id=shop.alice.organization.public_id, email="a@example.com", country="DE"
    )
    back = address("invoices", checkout)
    link = provider.account_link(account=reference, return_url=settings.WEB_URL + back, refresh_url="")
    page = link.removeprefix(settings.WEB_URL)
    assert "nobody is asked who they are" in text_of(alice.get(page))
    assert alice.post(page, {"conduct": "x"}).status_code == 422
    assert alice.post(page, {"conduct": "takes"})["Location"] == back
    assert provider.account_status(account=reference).payouts_enabled
    for elsewhere in ("https://evil.example/", "//evil.example/", ""):
        away = alice.post(f"{page.partition('?')[0]}?return_url={elsewhere}", {"conduct": "fails"})
        assert away["Location"] == f"/o/{shop.alice.organization.slug}/"
    assert SandboxAccount.objects.get().conduct == "fails"


def test_others_find_nothing_and_members_do_what_their_role_allows(alice: Client, checkout: Checkout) -> None:
    pay(alice, checkout)
    reference = SandboxProvider().create_account(
        idempotency_key="k", organization_id=checkout.organization.public_id, email="a@example.com", country="DE"
    )
    ids = {"payment_id": Payment.objects.get().public_id, "account": reference}
    routes = routes_of("apps.portal.payments.")
    assert {name for name, _ in routes} == {"payment", "payment-confirm", "payment-give-up", "sandbox-account"}
    stranger, viewer = MembershipFactory(), MembershipFactory(organization=checkout.organization, role=Role.VIEWER)
    for organization, member, status in (
        (checkout.organization, stranger, 404),
        (stranger.organization, stranger, 404),
        (checkout.organization, viewer, 403),
    ):
        client = Client()
        client.force_login(member.user)
        for name, parameters in routes:
            values = {key: (ids | {"organization": organization.slug})[key] for key in parameters}
            page = reverse(f"portal:{name}", kwargs=values)
            ask = client.get if name == "payment" else client.post
            assert (name, ask(page, {"conduct": "fails", "answer": "confirm"}).status_code) == (name, status)
    assert Payment.objects.get().status == "requires_action"
    assert not SandboxAccount.objects.get().details_submitted
