"""What consumers were charged: seen by the creator, and given back."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.billing.models import CreditNote, DunningRun, Invoice
from apps.core import clock
from apps.payments.models import Dispute, Payment, Refund
from tests.billing.world import Shop
from tests.factories.accounts import MembershipFactory
from tests.factories.billing import make_usage_invoice
from tests.portal.studio.world import World
from tests.portal.support import text_of, words

pytestmark = pytest.mark.django_db


def test_a_creator_gives_back_a_part_and_then_the_rest(client: Client) -> None:
    shop = Shop()
    subscription = shop.buy(shop.basic)
    invoice, organization = Invoice.objects.get(), shop.product.organization
    client.force_login(MembershipFactory(organization=organization).user)
    consumer = reverse("portal:studio-consumer", args=[organization.slug, shop.product.slug, subscription.public_id])
    page = reverse("portal:studio-invoice", args=[organization.slug, shop.product.slug, invoice.public_id])
    assert page in client.get(consumer).content.decode()
    assert "paid 10.00 USD" in words(client, page)
    for amount, said in (("10.01", "more than what is left"), ("0", "above zero"), ("1.001", "decimals")):
        refused = client.post(page, {"reason": "service", "amount": amount})
        assert (refused.status_code, said in text_of(refused)) == (422, True), amount
    assert client.post(page, {"reason": "at_provider", "amount": "1"}).status_code == 422
    assert not CreditNote.objects.exists()

    sent = {"reason": "service", "amount": "2.50", "note": "For the outage"}
    assert client.post(page, sent)["Location"] == page
    shown = words(client, page)
    assert "of which 2.50 USD was credited since" in shown
    assert "The service was not as promised: For the outage" in shown
    client.post(page, {"reason": "goodwill", "amount": ""})
    assert [refund.amount for refund in Refund.objects.order_by("pk")] == [250, 750]
    assert "Give back" not in words(client, page)
    assert set(shop.balances().values()) == {0}


def test_disputes_and_what_comes_next_are_seen_by_both(ours: World, client: Client) -> None:
    invoice, now = ours.case.line.invoice, clock.now()
    DunningRun.objects.create(invoice=invoice, started_at=now, next_attempt_at=now.replace(year=2061, month=3, day=9))
    shop = Shop()
    shop.buy(shop.basic)
    consumer = MembershipFactory(organization=ours.subscription.organization).user
    payment = Payment.objects.get()
    for reference in ("dp_1", "dp_2"):
        Dispute.objects.create(
            payment=payment, provider="sandbox", provider_reference=reference, amount=1234, currency="USD",
            reason="fraudulent", opened_at=now,
        )  # fmt: skip
    theirs = reverse("portal:invoice", args=[invoice.organization.slug, invoice.public_id])
    assert "card is tried again on 9 March 2061" in words(client, ours.url("studio-invoice"))
    assert "tried again on 9 Mar" in words(client, ours.url("studio-consumer"))
    client.force_login(consumer)
    assert "card is tried again on 9 March 2061" in words(client, theirs)
    assert "12.34" not in words(client, theirs)  # of another invoice

    paid = Invoice.objects.get(public_id=payment.reference)
    client.force_login(MembershipFactory(organization=paid.organization).user)
    assert "Needs a response" in words(client, reverse("portal:invoice", args=[paid.organization.slug, paid.public_id]))
    creator = MembershipFactory(organization=paid.product.organization).user
    client.force_login(creator)
    start = [paid.product.organization.slug, paid.product.slug]
    for name, last in (("studio-invoice", paid.public_id), ("studio-consumer", paid.subscription.public_id)):
        text = words(client, reverse(f"portal:{name}", args=[*start, last]))
        assert "Give back" not in text  # the bank has taken all of it
        assert text.count("12.34 USD") == 2, name


def test_the_list_is_filtered(ours: World, client: Client) -> None:
    invoice, other = ours.case.line.invoice, make_usage_invoice(ours.subscription)
    Invoice.objects.filter(pk=other.pk).update(status="uncollectible")
    page = ours.url("studio-invoices")
    assert all(one.number in words(client, page) for one in (invoice, other))
    filtered = words(client, f"{page}?status=uncollectible&consumer={ours.subscription.public_id}")
    assert other.number in filtered
    assert invoice.number not in filtered
    assert "No invoice matches" in words(client, f"{page}?consumer=sub_x")


def test_the_list_is_searched_and_the_documents_are_downloaded(ours: World, client: Client) -> None:
    invoice, other = ours.case.line.invoice, make_usage_invoice(ours.subscription)
    page = ours.url("studio-invoices")
    found = words(client, f"{page}?q={other.number}")
    assert other.number in found
    assert invoice.number not in found
    assert invoice.number in words(client, f"{page}?q={invoice.organization.name}")
    for name, number in (("studio-invoice-pdf", invoice.number), ("studio-credit-note-pdf", ours.note.number)):
        answer = client.get(ours.url(name))
        assert answer.content.startswith(b"%PDF")
        assert f'"{number}.pdf"' in answer["Content-Disposition"]
        assert ours.url(name) in client.get(ours.url("studio-invoice")).content.decode()
