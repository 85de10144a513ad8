"""What the fake Stripe server promises about keys, faults, money and webhooks; its shapes fit Stripe's description."""

import datetime as dt
import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import pytest
import stripe

from apps.core.clock import advance
from tests.fakes.stripe import API_VERSION, FakeStripe
from tests.fakes.stripe.clock import SandboxClock
from tests.processes import database_url

KEY = "sk_test_" + "0" * 24
SECRETS = ("whsec_old", "whsec_new")
CHARGE = {
    "amount": 2000,
    "currency": "usd",
    "payment_method": "pm_card_visa",
    "confirm": True,
    "return_url": "http://x/",
}


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    with FakeStripe() as server:
        yield server


def client(fake: FakeStripe) -> stripe.StripeClient:
    return stripe.StripeClient(KEY, base_addresses={"api": fake.url}, stripe_version=API_VERSION, max_network_retries=0)


def charge(c: stripe.StripeClient, key: str, **changes: object) -> stripe.PaymentIntent:
    return c.v1.payment_intents.create({**CHARGE, **changes}, {"idempotency_key": key})  # type: ignore[typeddict-item]


def count(fake: FakeStripe, kind: str) -> int:
    return int(fake.control("state")["objects"].get(kind, 0))


def test_an_idempotency_key_has_one_answer_and_one_set_of_parameters(fake: FakeStripe) -> None:
    c = client(fake)
    first = charge(c, "a")
    assert charge(c, "a").id == first.id
    assert charge(c, "a").last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        charge(c, "a", amount=2001)
    with pytest.raises(stripe.CardError) as declined:
        charge(c, "b", payment_method="pm_card_chargeDeclined")
    with pytest.raises(stripe.CardError) as again:
        charge(c, "b", payment_method="pm_card_chargeDeclined")
    assert again.value.error.charge == declined.value.error.charge
    with pytest.raises(stripe.InvalidRequestError):
        charge(c, "c", amount=0)
    assert charge(c, "c").id != first.id, "a request that was refused at once does not use up its key"
    assert count(fake, "charge") == 3
    fake.control("advance", days=2)
    assert charge(c, "a").id != first.id, "keys are forgotten after a day"


@pytest.mark.parametrize(
    ("kind", "error", "charges", "retry_succeeds"),
    [
        ("drop", stripe.APIConnectionError, 1, True),
        ("drop_before", stripe.APIConnectionError, 1, True),
        ("rate_limit", stripe.RateLimitError, 1, True),
        ("unavailable", stripe.APIError, 1, True),
        ("error_before", stripe.APIError, 0, False),
        ("error_after", stripe.APIError, 1, False),
    ],
)
def test_a_fault_befalls_one_request_and_the_key_keeps_what_it_must(
    fake: FakeStripe, kind: str, error: type[Exception], charges: int, retry_succeeds: bool
) -> None:
    c = client(fake)
    fake.control("faults", kind=kind, path="/v1/payment_intents")
    with pytest.raises(error):
        charge(c, "a")
    if retry_succeeds:
        assert charge(c, "a").status == "succeeded"
    else:
        with pytest.raises(stripe.APIError):
            charge(c, "a")
    assert count(fake, "charge") == charges


def test_the_same_key_while_its_request_runs_is_told_to_wait(fake: FakeStripe) -> None:
    c = client(fake)
    fake.control("faults", kind="delay", seconds=1.0)
    slow = threading.Thread(target=charge, args=(c, "a"))
    slow.start()
    deadline = time.monotonic() + 10
    while not fake.server._running_keys:
        assert time.monotonic() < deadline
    with pytest.raises(stripe.APIError) as refusal:
        charge(c, "a")
    assert (refusal.value.http_status, refusal.value.error.code) == (409, "idempotency_key_in_use")
    slow.join()
    assert count(fake, "charge") == 1


def test_what_is_unknown_is_refused(fake: FakeStripe) -> None:
    c = client(fake)
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter: colour"):
        c.v1.customers.create({"colour": "red"})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        c.v1.customers.create({"name": "Alice", "expand": ["name"]})
    with pytest.raises(stripe.InvalidRequestError, match="No such customer: 'cus_x'") as refusal:
        c.v1.customers.retrieve("cus_x")
    assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        c.raw_request("get", "/v1/unknown")
    with pytest.raises(stripe.AuthenticationError):
        stripe.StripeClient("sk_live_" + "0" * 24, base_addresses={"api": fake.url}).v1.balance.retrieve()
    with pytest.raises(stripe.InvalidRequestError, match="Invalid Stripe API version"):
        c.v1.balance.retrieve(options={"stripe_version": "2020-08-27"})
    with pytest.raises(stripe.PermissionError):
        c.v1.balance.retrieve(options={"stripe_account": "acct_of_nobody"})


@pytest.mark.parametrize(
    ("amount", "currency", "is_taken"),
    [
        (500, "jpy", True),
        (49, "jpy", False),
        (1230, "kwd", True),
        (1234, "kwd", False),
        (500, "isk", True),
        (550, "isk", False),
        (50, "usd", True),
        (49, "usd", False),
    ],
)
def test_amounts_keep_to_the_rules_of_their_currency(
    fake: FakeStripe, amount: int, currency: str, is_taken: bool
) -> None:
    if is_taken:
        assert charge(client(fake), "a", amount=amount, currency=currency).amount_received == amount
    else:
        with pytest.raises(stripe.InvalidRequestError):
            charge(client(fake), "a", amount=amount, currency=currency)


class Receiver:
    """A web server that writes down what it gets; the first `failures` answers are 500."""

    def __init__(self, failures: int = 0) -> None:
        self.got: list[tuple[bytes, str]] = []
        self.failures = failures
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((body, self.headers["Stripe-Signature"]))
                self.send_response(500 if len(receiver.got) <= receiver.failures else 200)
                self.end_headers()

            def log_message(self, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def kinds(self) -> list[str]:
        return [json.loads(body)["type"] for body, _ in self.got]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def test_webhooks_are_signed_with_every_secret_and_sent_until_they_are_accepted() -> None:
    with Receiver(failures=2) as receiver, FakeStripe(webhook_url=receiver.url, webhook_secrets=SECRETS) as fake:
        client(fake).v1.customers.create({"email": "alice@example.com"})
        fake.wait_delivered()
        assert receiver.kinds == ["customer.created"] * 3
        body, signature = receiver.got[0]
        for secret in SECRETS:
            assert stripe.Webhook.construct_event(body, signature, secret).type == "customer.created"  # type: ignore[no-untyped-call]


def test_webhooks_can_be_held_reversed_and_doubled() -> None:
    with Receiver() as receiver, FakeStripe(webhook_url=receiver.url, webhook_secrets=SECRETS) as fake:
        fake.control("webhooks", is_held=True)
        charge(client(fake), "a")
        fake.control("webhooks", duplicates=1, release="reversed")
        fake.wait_delivered()
        assert receiver.kinds == [
            kind
            for kind in ("payment_intent.succeeded", "charge.succeeded", "payment_intent.created")
            for _ in range(2)
        ]


def test_endpoints_get_the_events_that_they_asked_for_connected_accounts_apart() -> None:
    with Receiver() as own, Receiver() as connect, FakeStripe() as fake:
        c = client(fake)
        c.v1.webhook_endpoints.create({"url": own.url, "enabled_events": ["charge.succeeded"]})
        c.v1.webhook_endpoints.create({"url": connect.url, "enabled_events": ["*"], "connect": True})
        charge(c, "a")
        account = c.v1.accounts.create({"type": "express"})
        fake.wait_delivered()
        assert own.kinds == ["charge.succeeded"]
        assert [json.loads(body)["account"] for body, _ in connect.got] == [account.id]


def test_the_balance_is_pending_before_it_is_available() -> None:
    with FakeStripe(availability_days=2) as fake:
        c = client(fake)
        charge(c, "a")
        balance = c.v1.balance.retrieve()
        assert (balance.available[0].amount, balance.pending[0].amount) == (0, 2000 - 88)
        fake.control("advance", days=2)
        assert c.v1.balance.retrieve().available[0].amount == 2000 - 88


def test_a_file_keeps_the_state(tmp_path: Path) -> None:
    file = tmp_path / "stripe.json"
    with FakeStripe(file=file) as fake:
        made = charge(client(fake), "a")
    with FakeStripe(file=file) as fake:
        assert charge(client(fake), "a").id == made.id
        assert count(fake, "charge") == 1


@pytest.mark.django_db(transaction=True)
def test_its_clock_follows_that_of_the_product(fake: FakeStripe) -> None:
    with closing(SandboxClock(database_url())) as fake.world.ahead:
        before = charge(client(fake), "before")
        advance(dt.timedelta(days=32))
        after = charge(client(fake), "after")
    assert 32 * 86400 <= after.created - before.created < 32 * 86400 + 60
    fake.world.ahead = SandboxClock("postgresql://nobody@127.0.0.1:9/nothing")
    assert charge(client(fake), "asleep").created < after.created, "without a database it is today"
