"""A consumer's way from Free to Pro and back through the REST API alone.

The creator signs up through the API too; the consumer makes an access token on its page, as most programs have one.
"""

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import Organization
from tests.api.client import Answer, Api
from tests.pdf import text_of
from tests.processes import wait_until
from tests.scenarios import journey
from tests.scenarios.installation import Installation, installation
from tests.scenarios.journey import CARD, CURRENCY, DECLINED_CARD, GOOD_CARD, PRO_AMOUNT, SLUG, Program
from tests.scenarios.portal import Visitor
from tests.scenarios.rest import HttpClient, sign_up

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.scenario, pytest.mark.timeout(180)]

MAX_AMOUNT = 4_900
SCOPES = ["subscriptions:write", "keys:write", "usage:read", "billing:write", "notices:read"]
Json = dict[str, Any]


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installation]:
    with installation(tmp_path) as started:
        yield started


def publish_httpbin(creator: Api, upstream_url: str) -> None:
    """From httpbin's own document to a product on sale under the plans Free, Pro and Max."""
    product = creator.post("/products", {"name": journey.NAME, "slug": SLUG, "upstream_url": upstream_url}).data
    path = f"/products/{product['id']}"
    import_document(creator, path, f"{upstream_url}{journey.DOCUMENT_PATH}")
    creator.post(f"{path}/tiers", {"name": "Pro"})
    for method, template in journey.PRO_ENDPOINTS:
        found = creator.get(f"{path}/endpoints", search=template.strip("/")).data
        (endpoint,) = (one for one in found if (one["method"], one["path"]) == (method, template))
        assert creator.patch(f"{path}/endpoints/{endpoint['id']}", {"tier": "pro"}).data["tier"] == "pro"
    for name, tier, units, amount in (
        ("Free", "free", journey.FREE_UNITS, 0),
        ("Pro", "pro", journey.PRO_UNITS, PRO_AMOUNT),
        ("Max", "pro", 10 * journey.PRO_UNITS, MAX_AMOUNT),
    ):
        quota = {"included_units": units, "period": "month"}
        limit = {"max_calls": journey.CALLS_PER_SECOND, "window": "second"}
        body = {"name": name, "tier": tier, "price_amount": amount, "quotas": [quota], "rate_limits": [limit]}
        plan = creator.post(f"{path}/plans", body).data
        assert (plan["slug"], plan["currency"], plan["published_at"]) == (name.lower(), CURRENCY, None)
        creator.post(f"{path}/plans/{plan['id']}/publish")
    assert creator.post(f"{path}/publish").data["status"] == "published"


def import_document(creator: Api, product: str, url: str) -> None:
    """Every operation that the gateway can route becomes an endpoint."""
    described = journey.operations(url)
    answer = creator.post(f"{product}/imports", {"url": url})
    assert answer.status == 201
    imported, changes = answer.data["imported"], answer.data["changes"]
    assert (imported["dialect"], imported["origin"], imported["applied_at"]) == ("2.0", url, None)
    assert {(one["method"], one["path"]) for one in changes["added"]} == described
    assert {warning["place"] for warning in changes["warnings"]} >= {"TRACE /anything"}
    applied = creator.post(f"{product}/imports/{imported['id']}/apply", {"seen": changes["seen"]}).data
    assert applied["applied_at"] is not None
    endpoints = creator.get(f"{product}/endpoints", limit=100).data
    assert {(one["method"], one["path"]) for one in endpoints} == described
    again = creator.post(f"{product}/imports", {"url": url}).data["changes"]
    assert (again["unchanged"], again["added"], again["changed"]) == (len(described), [], [])


def make_token(installed: Installation, consumer: Visitor) -> Api:
    """The consumer's program has a token that was made on the page of tokens."""
    consumer.sign_up()
    values = {"name": "deployment", "scopes": SCOPES, "expires_in": "90"}
    page = consumer.send(f"/o/{consumer.organization}/tokens/create/", values, status=201).content.decode()
    found = re.search(r"af_pat_\w+", page)
    assert found is not None
    return Api(found[0], client=HttpClient(installed.web.url))


class Consumer:
    """What the consumer's program does with its one subscription."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.plans = {plan["slug"]: plan["id"] for plan in api.get(f"/catalog/products/{SLUG}/plans").data}
        self.path = ""

    def subscribe(self, plan: str) -> None:
        bought = self.api.post("/subscriptions", {"plan": self.plans[plan]}).data
        assert (bought["subscription"]["status"], bought["subscription"]["plan"]["slug"]) == ("active", plan)
        assert (bought["checkout"]["status"], bought["checkout"]["invoice"]) == ("completed", None)
        self.path = f"/subscriptions/{bought['subscription']['id']}"

    @property
    def subscription(self) -> Json:
        return self.api.get(self.path).data

    @property
    def plan(self) -> str:
        return str(self.subscription["plan"]["slug"])

    def add_card(self, number: str) -> str:
        card = self.api.post("/payment-methods", {"number": number, **CARD}).data
        assert card["last4"] == number[-4:]
        assert number not in str(card)
        return str(card["id"])

    def quote(self, plan: str) -> Json:
        return self.api.get(f"{self.path}/quote", plan=self.plans[plan]).data

    def change_plan(self, plan: str) -> Json:
        return self.api.post(f"{self.path}/change-plan", {"plan": self.plans[plan]}).data

    def pay(self, checkout: Json, card: str) -> Answer:
        """With an idempotency key of its own, so that sending it again pays nothing more."""
        key = f"{checkout['id']}-{card}"
        return self.api.post(f"/checkouts/{checkout['id']}/pay", {"method": card}, key=key)

    def invoice(self, checkout: Json) -> Json:
        return self.api.get(f"/invoices/{checkout['invoice']['id']}").data

    def read_pdf(self, invoice: Json) -> str:
        answer = self.api.get(f"/invoices/{invoice['id']}/pdf")
        assert answer.response["Content-Disposition"] == f'attachment; filename="{invoice["number"]}.pdf"'
        return text_of(answer.response.content)


def upgrade_to_pro(consumer: Consumer) -> Json:
    """A declined card changes nothing, a good one everything, once; the paid invoice."""
    purchase = consumer.change_plan("pro")
    checkout = purchase["checkout"]
    assert (purchase["subscription"]["plan"]["slug"], checkout["status"]) == ("free", "open")
    declined = consumer.pay(checkout, consumer.add_card(DECLINED_CARD))
    assert (declined.status, declined.code) == (402, "card_declined")
    assert (consumer.invoice(checkout)["status"], consumer.plan) == ("open", "free")
    card = consumer.add_card(GOOD_CARD)
    paid = consumer.pay(checkout, card)
    assert (paid.data["status"], paid.data["amount"], paid.data["invoice"]) == (
        "succeeded",
        PRO_AMOUNT,
        checkout["invoice"]["id"],
    )
    assert consumer.pay(checkout, card).data == paid.data
    assert (consumer.api.get(f"/checkouts/{checkout['id']}").data["status"], consumer.plan) == ("completed", "pro")
    return consumer.invoice(checkout)


def assert_invoice_is_for_a_whole_period(consumer: Consumer, invoice: Json, *, billed_to: str) -> None:
    """A period of Pro's own begins, and Free leaves nothing to credit."""
    year = dt.datetime.fromisoformat(invoice["issued_at"]).year
    assert (invoice["number"], invoice["status"]) == (f"INV-{year}-000001", "paid")
    assert (invoice["subtotal_amount"], invoice["tax_amount"], invoice["total_amount"]) == (PRO_AMOUNT, 0, PRO_AMOUNT)
    (line,) = invoice["lines"]
    assert (line["kind"], line["amount"]) == ("plan", PRO_AMOUNT)
    text = consumer.read_pdf(invoice)
    for words in (invoice["number"], "Paid", "Httpbin: Pro", "29.00 USD", billed_to):
        assert words in text, words


def upgrade_to_max(consumer: Consumer, now: dt.datetime) -> Json:
    """In mid-period: the rest of Max's price, less the rest of Pro's."""
    period = consumer.subscription
    start, end = (dt.datetime.fromisoformat(period[f"current_period_{side}"]) for side in ("start", "end"))
    assert consumer.quote("max")["kind"] == "now"
    checkout = consumer.change_plan("max")["checkout"]
    invoice = consumer.invoice(checkout)
    at = dt.datetime.fromisoformat(invoice["period_start"])
    assert now <= at < end
    left = journey.share_left(start, end, at)
    charge, credit = journey.part_of(MAX_AMOUNT, left), journey.part_of(PRO_AMOUNT, left)
    assert 0 < credit < PRO_AMOUNT
    assert [line["amount"] for line in invoice["lines"]] == [charge, -credit]
    assert consumer.pay(checkout, consumer.api.get("/payment-methods").data[0]["id"]).data["amount"] == charge - credit
    after = consumer.subscription
    assert (after["plan"]["slug"], after["current_period_end"]) == ("max", period["current_period_end"])
    paid = consumer.invoice(checkout)
    assert (paid["number"][-6:], paid["status"], paid["total_amount"]) == ("000002", "paid", charge - credit)
    return paid


def schedule_downgrade(consumer: Consumer) -> None:
    """Nothing is due, and nothing changes until the period ends."""
    quote = consumer.quote("free")
    before = consumer.subscription
    assert (quote["kind"], quote["due_amount"], quote["renewal_amount"]) == ("at_period_end", 0, 0)
    assert quote["effective_at"] == before["current_period_end"]
    scheduled = consumer.change_plan("free")
    assert scheduled["checkout"] is None
    assert (scheduled["subscription"]["plan"]["slug"], scheduled["subscription"]["pending_plan"]["slug"]) == (
        "max",
        "free",
    )


def create_key(consumer: Consumer, gateway_url: str) -> tuple[Program, str]:
    """A program with the key, and the key's path."""
    made = consumer.api.post(f"{consumer.path}/keys", {"name": "production"}).data
    return Program(f"{gateway_url}/{SLUG}", made["secret"]), f"{consumer.path}/keys/{made['key']['id']}"


def rotate(consumer: Consumer, key: str, program: Program) -> Program:
    """The program with a new key; the old one goes on for an hour."""
    made = consumer.api.post(f"{key}/rotate", {"overlap_seconds": 3600}).data
    assert (made["key"]["rotated_from"], made["key"]["name"]) == (key.rpartition("/")[2], "production")
    assert consumer.api.get(key).data["expires_at"] is not None
    return program.with_key(made["secret"])


def assert_refusal_is_explained(consumer: Consumer) -> None:
    """The log says which call was refused and why, as soon as it is stored."""

    def newest() -> Json:
        return consumer.api.get("/requests", outcome="rejected", limit=1).data[0]

    wait_until(lambda: newest()["path"] == "/headers", what="the refusal in the log")
    assert (newest()["status"], newest()["code"]) == (403, "plan_upgrade_required")


def assert_usage_is_exact(consumer: Consumer, program: Program, since: dt.datetime) -> None:
    """By endpoint and by key, over all plans of the way; and the running quota counts its own period alone."""
    calls = journey.wait_for_usage(program)
    asked = {"subscription": consumer.path.rpartition("/")[2], "since": f"{since:%Y-%m-%dT%H:%M:%SZ}"}
    total = consumer.api.get("/usage", **asked).data["total"]
    assert (total["calls"], total["units"], total["server_errors"]) == (calls, calls, 0)
    by_endpoint = consumer.api.get("/usage/endpoints", **asked).data
    assert {row["endpoint"]["path"]: row["stats"]["calls"] for row in by_endpoint} == program.passed
    by_key = consumer.api.get("/usage/keys", **asked).data
    assert len(by_key) == 2
    assert sum(row["stats"]["calls"] for row in by_key) == calls
    (quota,) = consumer.api.get(f"{consumer.path}/quotas").data
    assert quota["included_units"] == journey.FREE_UNITS
    assert quota["starts_at"] == consumer.subscription["current_period_start"]
    assert quota["used_units"] == journey.used_since(quota["starts_at"])


def test_from_free_to_pro_and_back(installed: Installation) -> None:
    began = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    creator = sign_up(installed, "creator@example.com")
    publish_httpbin(creator.api, installed.httpbin.url)
    visitor = Visitor("consumer@example.com")
    consumer = Consumer(make_token(installed, visitor))

    consumer.subscribe("free")
    program, key = create_key(consumer, installed.gateway.url)
    journey.call_under_free(program)

    invoice = upgrade_to_pro(consumer)
    journey.call_under_pro(program)
    billed_to = Organization.objects.get(slug=visitor.organization).name
    assert_invoice_is_for_a_whole_period(consumer, invoice, billed_to=billed_to)

    old, program = program, rotate(consumer, key, program)
    journey.call_after_rotation(old, program)
    now = installed.advance("10d")
    journey.call_after_overlap(old, program)

    second = upgrade_to_max(consumer, now)
    schedule_downgrade(consumer)
    program.passes("/headers")
    installed.advance("22d")
    journey.call_back_under_free(program)
    ended = consumer.subscription
    assert (ended["plan"]["slug"], ended["pending_plan"], ended["status"]) == ("free", None, "active")

    assert_refusal_is_explained(consumer)
    assert [notice["title"] for notice in consumer.api.get("/notices").data] == [
        "Httpbin is on the plan Free now",
        f"Paid {second['total_amount'] / 100:.2f} USD for Httpbin",
        "Paid 29.00 USD for Httpbin",
    ]
    assert [one["id"] for one in consumer.api.get("/invoices").data] == [second["id"], invoice["id"]]
    assert_usage_is_exact(consumer, program, began)
    journey.assert_books_balance(
        Organization.objects.get(slug=creator.organization), paid=[PRO_AMOUNT, second["total_amount"]]
    )
