"""Calls on an invoice that a consumer disputes: what can be asked for, who answers, and what comes of it."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.services import create_access_token
from apps.billing import services
from apps.billing.errors import CaseClosed, CaseOpen, CaseTooLate, CreditTooLarge, NothingToCredit
from apps.billing.evidence import evidence_of, list_upcoming, month_of
from apps.billing.models import CreditNote, Invoice, InvoiceLine, UsageCase
from apps.core.errors import Invalid, NotFound
from apps.notifications.models import Notice
from tests.api.client import Api
from tests.billing.world import NOW, Shop, fresh, meter_has_stored, move_clock
from tests.factories.actors import make_actor
from tests.factories.keys import ApiKeyFactory
from tests.factories.products import EndpointFactory
from tests.factories.usage import store_calls

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(shop: Shop) -> InvoiceLine:
    """The usage on a paid renewal: 1,500 units on the second day and the tenth, of which 500 are charged at 2 cents."""
    subscription = shop.buy(shop.metered())
    key = ApiKeyFactory(subscription=subscription)
    endpoint = EndpointFactory(tier=shop.tier, weight=300)
    for days, calls in ((1, 2), (9, 3)):
        store_calls(key, endpoint, calls, at=NOW + dt.timedelta(days=days))
    move_clock(NOW + dt.timedelta(days=30, minutes=1))
    meter_has_stored(subscription, NOW + dt.timedelta(days=31))
    services.close_due_periods()
    return InvoiceLine.objects.get(kind="overage")


def test_the_evidence_of_a_line_are_the_days_that_sum_to_it(line: InvoiceLine, shop: Shop) -> None:
    evidence = evidence_of(line)
    assert evidence is not None
    days = [(NOW + dt.timedelta(days=1)).date(), (NOW + dt.timedelta(days=9)).date()]
    assert evidence.days == list(zip(days, [600, 900], strict=True))
    assert (evidence.used, evidence.extra, line.quantity, line.amount) == (1500, 500, 500, 1000)
    assert evidence_of(InvoiceLine.objects.filter(kind="plan").first()) is None
    # And the month over all products has the same invoice, paid, and what comes next.
    month = month_of(shop.alice, dt.datetime(2027, 5, 1, tzinfo=dt.UTC))
    assert [invoice.pk for invoice in month.invoices] == [line.invoice_id]
    assert (month.sums["USD"].issued, month.sums["USD"].paid, month.sums["USD"].due) == (2000, 2000, 0)
    assert [one.amount for one in list_upcoming(shop.alice)] == [1000]
    # And by REST.
    api = Api(create_access_token(actor=shop.alice, name="t", scopes=["billing:read"])[1])
    path = f"/invoices/{line.invoice.public_id}/lines"
    told = api.get(f"{path}/{line.position}/evidence").data
    assert (told["used_units"], told["included_units"], told["extra_units"]) == (1500, 1000, 500)
    assert told["days"] == [{"day": f"{day}", "units": units} for day, units in evidence.days]
    plan = api.get(f"{path}/{3 - line.position}/evidence").data
    assert (plan["used_units"], plan["included_units"], plan["days"]) == (0, None, [])
    for other in ("3", "x"):
        assert api.get(f"{path}/{other}/evidence").code == "not_found"


def open_case(shop: Shop, line: InvoiceLine, **values: object) -> UsageCase:
    usual: dict[str, object] = {"text": "Your backend was down", "asked_amount": 400}
    return services.open_case(actor=shop.alice, line=line, **(usual | values))  # type: ignore[arg-type]


def test_accepted_in_part_it_is_credited_of_that_line_and_refunded(line: InvoiceLine, shop: Shop) -> None:
    before = shop.balances()["cash"]
    creator = make_actor(shop.product.organization)
    case = open_case(shop, line, first_day=NOW.date(), last_day=NOW.date())
    assert "Your backend was down" in Notice.objects.get(kind="case.opened", user=creator.user).body
    with pytest.raises(CreditTooLarge):
        services.accept_case(actor=creator, case=case, amount=1001)
    assert fresh(case).status == "open"
    services.accept_case(actor=creator, case=case, amount=250, answer="For the second day")
    case = fresh(case)
    note = CreditNote.objects.get()
    assert (case.status, case.credit_note, case.answer) == ("accepted", note, "For the second day")
    assert [(row.invoice_line_id, row.amount) for row in note.lines.all()] == [(line.pk, 250)]
    assert shop.balances()["cash"] == before - 250
    assert "2.50 USD" in Notice.objects.get(kind="case.answered").body
    for again in (services.accept_case, services.refuse_case):
        with pytest.raises(CaseClosed):
            again(actor=creator, case=case, answer="x")
    assert CreditNote.objects.count() == 1, "what was claimed for a closed case is rolled back"
    with pytest.raises(CreditTooLarge):
        open_case(shop, line, asked_amount=751)


def test_refused_and_withdrawn_give_nothing_back(line: InvoiceLine, shop: Shop) -> None:
    creator = make_actor(shop.product.organization)
    case = open_case(shop, line)
    with pytest.raises(CaseOpen), transaction.atomic():
        open_case(shop, line)
    with pytest.raises(Invalid):
        services.refuse_case(actor=creator, case=case, answer=" ")
    services.refuse_case(actor=creator, case=case, answer="They were answered")
    services.withdraw_case(actor=shop.alice, case=open_case(shop, line))
    assert list(UsageCase.objects.order_by("pk").values_list("status", flat=True)) == ["refused", "withdrawn"]
    assert not CreditNote.objects.exists()
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        UsageCase.objects.update(status="open")


def test_what_cannot_be_disputed(line: InvoiceLine, shop: Shop) -> None:
    stranger = make_actor()
    case = open_case(shop, line)
    with pytest.raises(NotFound):
        services.open_case(actor=stranger, line=line, text="x", asked_amount=1)
    for actor in (stranger, shop.alice):
        with pytest.raises(NotFound):
            services.refuse_case(actor=actor, case=case, answer="x")
        with pytest.raises(NotFound):
            services.accept_case(actor=actor, case=case)
    with pytest.raises(NotFound):
        services.withdraw_case(actor=make_actor(shop.product.organization), case=case)
    services.withdraw_case(actor=shop.alice, case=case)
    plan_line = InvoiceLine.objects.filter(kind="plan").first()
    assert plan_line is not None
    with pytest.raises(NothingToCredit):
        open_case(shop, plan_line)
    for asked in (0, -1, 1001):
        with pytest.raises(CreditTooLarge):
            open_case(shop, line, asked_amount=asked)
    day = dt.timedelta(days=1)
    for first, last in ((NOW.date(), None), (NOW.date() + day, NOW.date()), (NOW.date() - day, NOW.date())):
        with pytest.raises(Invalid):
            open_case(shop, line, first_day=first, last_day=last)
    with pytest.raises(NotFound):
        open_case(shop, line, endpoint=EndpointFactory())
    issued = Invoice.objects.get(pk=line.invoice_id).issued_at
    assert issued is not None
    move_clock(issued + dt.timedelta(days=30))
    with pytest.raises(CaseTooLate):
        open_case(shop, line)
