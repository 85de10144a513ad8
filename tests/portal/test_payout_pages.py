"""A creator's pages about their money: what they say, what they do, and who gets in."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.payouts import services
from apps.payouts.models import Payout, PayoutAccount
from tests.factories.actors import make_actor
from tests.payouts.world import DAY, account, earn, of, staff

pytestmark = pytest.mark.django_db

FORM = {
    "method": "bank", "legal_name": "Northwind Ltd", "address": "1 Harbour Road", "country": "DE", "currency": "EUR",
    "schedule": "weekly", "bank_account": "DE89 3704 0044 0532 0130 00", "minimum": "25.50",
}  # fmt: skip


def page(client: Client, name: str, *args: str, status: int = 200) -> str:
    answer = client.get(reverse(f"portal:{name}", args=args))
    assert answer.status_code == status, answer.content[:500]
    return " ".join(answer.content.decode().replace("\u202f", " ").split())


def test_a_creator_sets_up_an_account_and_is_paid(client: Client) -> None:
    actor = make_actor()
    slug = actor.organization.slug
    client.force_login(actor.user)
    assert "Nothing earned yet" in page(client, "payouts", slug)
    setup = reverse("portal:payout-account", args=[slug])
    refused = client.post(setup, FORM | {"bank_account": "DE00 1"})
    assert refused.status_code == 422
    assert "This IBAN is not right" in refused.content.decode()
    assert client.post(setup, FORM).status_code == 302
    paid_to = PayoutAccount.objects.get()
    assert (paid_to.status, paid_to.minimum_amount, paid_to.schedule) == ("active", 2550, "weekly")
    assert 'value="25.50"' in page(client, "payout-account", slug)
    earn(actor.organization, 5000, currency="EUR")
    earn(actor.organization, 700, currency="EUR", ago=DAY)
    shown = page(client, "payouts", slug)
    assert "Balance in EUR" in shown
    assert "50.00" in shown
    ask = reverse("portal:payout-request", args=[slug])
    for amount, words in (
        ("50.01", "more than can be paid out now: 50.00 EUR"),
        ("25.49", "smallest payout is 25.50 EUR"),
        ("30.001", "no smaller coins"),
    ):
        answer = client.post(ask, {"currency": "EUR", "amount": amount})
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert client.post(ask, {"currency": "EUR", "amount": "30"}).status_code == 302
    payout = Payout.objects.get()
    assert (payout.amount, of(paid_to, "EUR").available_amount) == (3000, 2000)
    assert "Approved" in page(client, "payouts", slug)
    assert client.post(reverse("portal:payout-cancel", args=[slug, payout.public_id])).status_code == 302
    assert of(paid_to, "EUR").available_amount == 5000
    month = f"{clock.now() - DAY * 8:%Y-%m}"
    assert month[:4] in page(client, "statements", slug)
    assert "Balance at the end" in page(client, "statement", slug, month, "EUR")
    assert client.get(reverse("portal:statement-pdf", args=[slug, month, "EUR"])).content.startswith(b"%PDF")
    assert b"opening balance" in client.get(reverse("portal:statement-csv", args=[slug, month, "EUR"])).content
    page(client, "statement", slug, month, "USD", status=404)


def test_what_stands_in_the_way_is_said(client: Client) -> None:
    paid_to, actor = account()
    slug = actor.organization.slug
    client.force_login(actor.user)
    earn(actor.organization, -1200, ago=0 * DAY)
    assert "12.00 USD below zero" in page(client, "payouts", slug).replace("\xa0", " ")
    services.stop_payouts(staff=staff(), account=paid_to, reason="Stolen?")
    assert "Payouts are stopped" in page(client, "payouts", slug)
    PayoutAccount.objects.update(status="restricted", stopped_at=None)
    assert "needs more details" in page(client, "payouts", slug)


def test_members_without_the_right_and_strangers_do_not_get_in(client: Client) -> None:
    paid_to, _actor = account()
    slug = paid_to.organization.slug
    developer, stranger = make_actor(paid_to.organization, role="developer"), make_actor()
    for person, status in ((developer, 403), (stranger, 404)):
        client.force_login(person.user)
        for name in ("payouts", "payout-account", "statements"):
            page(client, name, slug, status=status)
