"""What the REST API says about money, for who pays and for who earns. Every answer is held to the document."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.enums import Role
from apps.billing.models import CreditNote, DunningRun
from apps.core import clock
from apps.payments.models import Dispute, Refund
from tests.api.world import World, api_of
from tests.factories.actors import make_actor
from tests.factories.billing import make_credit_note, make_payment, make_usage_invoice

pytestmark = pytest.mark.django_db


def test_who_is_billed(world: World) -> None:
    api = world.consumer.api
    assert set(api.get("/billing-profile").data.values()) == {""}
    said = {"legal_name": "Acme GmbH", "address": "1 Road", "country": "US", "tax_id": "", "email": "pay@acme.example"}
    said |= {"postal_code": "94080", "state": "CA"}
    assert api.put("/billing-profile", said).data == said == api.get("/billing-profile").data
    assert world.creator.api.get("/billing-profile").data["legal_name"] == ""
    assert api.put("/billing-profile", said | {"country": "XX"}).body["error"]["details"]["field"] == "country"
    assert api.put("/billing-profile", {"legal_name": "Only"}).data["address"] == ""
    viewer = api_of(make_actor(world.consumer.actor.organization, Role.DEVELOPER))
    assert viewer.get("/billing-profile").code == viewer.put("/billing-profile", said).code == "not_allowed"


def test_a_creator_gives_back_a_paid_invoice_in_parts(world: World) -> None:
    """To the card that paid; asked for twice with one key it is given once."""
    consumer, creator = world.consumer.api, world.creator.api
    world.checkout.plan.product.refresh_from_db()
    consumer.post(f"/checkouts/{world.checkout.public_id}/pay", {"method": world.card.public_id})
    invoice = world.checkout.invoice
    path = f"/products/{world.checkout.plan.product.public_id}/invoices"
    shown = creator.get(path, subscription=world.checkout.subscription.public_id, status="paid").data
    assert [(one["id"], one["total_amount"]) for one in shown] == [(invoice.public_id, 900)]
    one = f"{path}/{invoice.public_id}"
    assert creator.get(one).data["lines"][0]["amount"] == 900
    body = {"reason": "service", "amount": 300, "note": "For the outage"}
    for _ in range(2):
        note = creator.post(f"{one}/refund", body, key="once")
        assert (note.status, note.data["total_amount"], note.data["is_refund"]) == (201, 300, True)
    assert Refund.objects.get().amount == 300
    by_line = creator.post(f"{one}/refund", {"reason": "goodwill", "lines": [{"line": 1, "amount": 100}]})
    assert by_line.data["total_amount"] == 100
    for wrong, code in (
        ({"reason": "goodwill", "amount": 501}, "credit_too_large"),
        ({"reason": "goodwill", "amount": 1, "lines": [{"line": 1, "amount": 1}]}, "invalid"),
        ({"reason": "goodwill", "lines": [{"line": 1, "amount": 1}, {"line": 1, "amount": 1}]}, "invalid"),
        ({"reason": "goodwill", "lines": [{"line": 2, "amount": 1}]}, "not_found"),
        ({"reason": "at_provider"}, "invalid"),
    ):
        assert creator.post(f"{one}/refund", wrong).code == code, wrong
    assert creator.post(f"{one}/refund", {"reason": "goodwill"}).data["total_amount"] == 500
    assert creator.post(f"{one}/refund", {"reason": "goodwill"}).code == "nothing_to_credit"
    assert sum(refund.amount for refund in Refund.objects.filter(status="succeeded")) == 900
    notes = consumer.get("/credit-notes", invoice=invoice.public_id).data
    assert [each["total_amount"] for each in notes] == [500, 100, 300]
    assert notes[2]["note"] == "For the outage"
    assert {each["refund_status"] for each in notes} == {"succeeded"}
    [sums] = (month := consumer.get("/billing-month").data)["sums"]
    assert (sums["issued_amount"], sums["credited_amount"], sums["paid_amount"]) == (900, 900, 900)
    assert sums["due_amount"] == 0
    assert set(month["credit_notes"]) == {each["id"] for each in notes}
    assert [one["amount"] for one in month["upcoming"]] == [900]
    assert consumer.get("/billing-month", month="2020-01").data["invoices"] == []
    assert consumer.get("/billing-month", month="2020-13").status == 422
    assert consumer.get(f"/credit-notes/{notes[0]['id']}").data == notes[0]
    for document in (f"/credit-notes/{notes[0]['id']}/pdf", f"/invoices/{invoice.public_id}/receipt"):
        assert consumer.get(document).response.content.startswith(b"%PDF")
    assert consumer.get(f"/invoices/{invoice.public_id}").data["credited_amount"] == 900
    assert consumer.get(path).code == consumer.post(f"{one}/refund", body).code == "not_found"
    developer = api_of(make_actor(world.creator.actor.organization, Role.DEVELOPER))
    assert developer.get(path).code == developer.post(f"{one}/refund", body).code == "not_allowed"


def test_disputed_calls_from_both_sides(world: World) -> None:
    consumer, creator = world.consumer.api, world.creator.api
    invoice = world.usage_invoice
    line = f"/invoices/{invoice.public_id}/lines/1/cases"
    asked = {"text": "These were 503.", "asked_amount": 400, "endpoint": world.endpoint.public_id}
    day = f"{clock.now():%Y-%m-%d}"
    opened = consumer.post(line, asked | {"first_day": day, "last_day": day})
    assert (opened.status, opened.data["status"], opened.data["line"]) == (201, "open", 1)
    assert consumer.post(line, asked).code == "case_open"
    for missing in ("0", "2", "x", "²"):
        assert consumer.post(f"/invoices/{invoice.public_id}/lines/{missing}/cases", asked).code == "not_found"
    mine, theirs = f"/cases/{opened.data['id']}", f"{world.product_path}/cases/{opened.data['id']}"
    assert consumer.get(mine).data == creator.get(theirs).data == opened.data
    assert consumer.post(f"{mine}/withdraw").data["status"] == "withdrawn"
    assert consumer.post(f"{mine}/withdraw").code == "case_closed"
    second = consumer.post(line, asked).data
    theirs = f"{world.product_path}/cases/{second['id']}"
    accepted = creator.post(f"{theirs}/accept", {"amount": 250, "answer": "In part."}, key="once").data
    assert (accepted["status"], accepted["answer"]) == ("accepted", "In part.")
    assert consumer.get(f"/credit-notes/{accepted['credit_note']}").data["total_amount"] == 250
    assert consumer.get(f"/invoices/{invoice.public_id}").data["due_amount"] == 750
    third = consumer.post(line, {"text": "And these.", "asked_amount": 750}).data
    refused = creator.post(f"{world.product_path}/cases/{third['id']}/refuse", {"answer": "They were yours."}).data
    assert (refused["status"], refused["credit_note"]) == ("refused", None)
    assert creator.post(f"{world.product_path}/cases/{third['id']}/accept").code == "case_closed"
    for api, path in ((consumer, "/cases"), (creator, f"{world.product_path}/cases")):
        assert [one["id"] for one in api.get(path, status="accepted").data] == [second["id"]]
        assert len(api.get(path).data) == 3
    assert creator.get("/cases").data == []
    assert CreditNote.objects.count() == 1


def test_invoices_are_found_and_say_what_comes_next(world: World) -> None:
    api, invoice = world.consumer.api, world.usage_invoice
    day = f"{clock.now():%Y-%m-%d}"
    later = clock.now().replace(microsecond=0)
    run = DunningRun.objects.create(invoice=invoice, started_at=later, next_attempt_at=later)
    for query in (
        {"status": "past_due"},
        {"product": "forecasts"},
        {"search": invoice.number.lower()},
        {"search": "Forecasts", "issued_from": day, "issued_to": day},
    ):
        assert [one["id"] for one in api.get("/invoices", **query).data] == [invoice.public_id], query
    assert api.get("/invoices", issued_to="2020-01-01").data == []
    one = f"/invoices/{invoice.public_id}"
    assert api.get(one).data["next_attempt_at"] == later.isoformat().replace("+00:00", "Z")
    DunningRun.objects.filter(pk=run.pk).update(ended_at=later, next_attempt_at=None)
    assert api.get(one).data["next_attempt_at"] is None
    assert api.get(f"{one}/receipt").code == "not_found"
    Dispute.objects.create(
        payment=make_payment(invoice), provider="sandbox", provider_reference="dp_1", amount=1000, currency="USD",
        reason="fraudulent", opened_at=later,
    )  # fmt: skip
    theirs = f"{world.product_path}/invoices/{invoice.public_id}/disputes"
    for shown in (api.get(f"{one}/disputes").data, world.creator.api.get(theirs).data):
        assert [(each["amount"], each["status"], each["closed_at"]) for each in shown] == [
            (1000, "needs_response", None)
        ]


def test_long_lists_cost_no_more_queries(world: World) -> None:
    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert world.consumer.api.get(path).status == 200
        return len(captured)

    def grow(number: int) -> None:
        for _ in range(number):
            invoice = make_usage_invoice(world.subscription)
            make_credit_note(invoice)
            body = {"text": "Not mine", "asked_amount": 1}
            assert world.consumer.api.post(f"/invoices/{invoice.public_id}/lines/1/cases", body).status == 201

    paths = ("/invoices", "/credit-notes", "/cases")
    grow(2)
    few = [queries(path) for path in paths]
    grow(5)
    assert [queries(path) for path in paths] == few
