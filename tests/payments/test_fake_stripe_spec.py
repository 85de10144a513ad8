"""The fake Stripe server speaks as Stripe's own description says: driven with the real library, all of it validated."""

from collections.abc import Callable, Iterator

import pytest
import requests
import stripe

from tests.fakes.stripe import API_VERSION, FakeStripe
from tests.fakes.stripe.calls import ROUTES
from tests.fakes.stripe.server import Exchange
from tests.fakes.stripe.spec import StripeSpec, find_description

KEY = "sk_test_" + "0" * 24
HERE = "http://127.0.0.1/back"

Driver = Callable[[FakeStripe, stripe.StripeClient], None]
DRIVERS: dict[str, Driver] = {}


def drives(module: str) -> Callable[[Driver], Driver]:
    """This drives every route of a module of `tests.fakes.stripe.resources`."""

    def register(driver: Driver) -> Driver:
        DRIVERS[module] = driver
        return driver

    return register


@pytest.fixture(scope="module")
def spec() -> StripeSpec:
    path = find_description()
    if path is None:
        pytest.skip("Stripe's description is not here: STRIPE_SPEC names the file spec3.json(.gz)")
    return StripeSpec(path)


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    with FakeStripe() as server:
        yield server


def client(fake: FakeStripe) -> stripe.StripeClient:
    return stripe.StripeClient(KEY, base_addresses={"api": fake.url}, stripe_version=API_VERSION, max_network_retries=0)


def modules() -> list[str]:
    return sorted({route.handler.__module__.rpartition(".")[2] for route in ROUTES})


@pytest.mark.parametrize("module", modules())
def test_every_request_answer_and_event_fits_the_description(module: str, spec: StripeSpec, fake: FakeStripe) -> None:
    seen: list[Exchange] = []
    fake.server.observers.append(seen.append)

    DRIVERS[module](fake, client(fake))

    of_module = {(r.method, r.template) for r in ROUTES if r.handler.__module__.endswith(f".{module}")}
    assert of_module <= {(each.method, each.template) for each in seen if each.status == 200}, "routes that none drove"
    events = [item for book in fake.world.books.values() for item in book.values() if item["object"] == "event"]
    faults = [fault for each in seen for fault in spec.faults_of_exchange(each)]
    faults += [fault for event in events for fault in spec.faults_of_event(event)]
    assert not faults, "\n".join(dict.fromkeys(faults))


def test_the_fake_speaks_the_version_of_the_description_and_of_the_library(spec: StripeSpec) -> None:
    assert spec.version == API_VERSION == stripe.api_version


# --- The drivers ------------------------------------------------------------------------------------
def customer_with_card(c: stripe.StripeClient, card: str = "visa") -> stripe.Customer:
    customer = c.v1.customers.create({"email": "alice@example.com", "name": "Alice", "metadata": {"organization": "1"}})
    c.v1.payment_methods.attach(f"pm_card_{card}", {"customer": customer.id})
    return customer


def paid(c: stripe.StripeClient, amount: int = 2000, card: str = "visa") -> stripe.PaymentIntent:
    return c.v1.payment_intents.create(
        {"amount": amount, "currency": "usd", "payment_method": f"pm_card_{card}", "confirm": True, "return_url": HERE}
    )


def connected(fake: FakeStripe, c: stripe.StripeClient) -> stripe.Account:
    account = c.v1.accounts.create(
        {
            "type": "express",
            "country": "US",
            "email": "b@example.com",
            "capabilities": {"transfers": {"requested": True}},
        }
    )
    fake.control("account", account.id, do="complete")
    return account


def price_of(c: stripe.StripeClient) -> stripe.Price:
    return c.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 1500,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Weather Pro"},
            "nickname": "Pro",
        }
    )


def post(url: str, **form: str) -> str:
    """Send a form of a hosted page; where it leads to, without going there."""
    answer = requests.post(url, data=form, allow_redirects=False, timeout=10)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


@drives("customers")
def drive_customers(fake: FakeStripe, c: stripe.StripeClient) -> None:
    customer = customer_with_card(c)
    method = c.v1.payment_methods.list({"customer": customer.id}).data[0]
    c.v1.customers.update(
        customer.id,
        {
            "name": "Alice B.",
            "metadata": {"organization": "", "tier": "gold"},
            "address": {"country": "DE", "city": "Berlin"},
            "invoice_settings": {"default_payment_method": method.id},
        },
    )
    c.v1.customers.create({"payment_method": "pm_card_visa"})
    found = c.v1.customers.retrieve(
        customer.id,
        {
            "expand": [
                "invoice_settings.default_payment_method",
                "sources",
                "subscriptions",
                "tax_ids",
                "default_source",
            ]
        },
    )
    assert found.metadata.to_dict() == {"tier": "gold"}
    assert found.invoice_settings.default_payment_method.card.last4 == "4242"
    assert len(c.v1.customers.list({"email": "alice@example.com", "created": {"gte": 1}, "limit": 1}).data) == 1
    assert c.v1.customers.delete(customer.id).deleted
    assert c.v1.customers.retrieve(customer.id).deleted


@drives("payment_methods")
def drive_payment_methods(fake: FakeStripe, c: stripe.StripeClient) -> None:
    customer = customer_with_card(c)
    method = c.v1.payment_methods.create(
        {"type": "card", "card": {"token": "tok_mastercard"}, "billing_details": {"name": "Alice"}}
    )
    c.v1.payment_methods.attach(method.id, {"customer": customer.id, "expand": ["customer"]})
    c.v1.payment_methods.update(method.id, {"card": {"exp_month": 3}, "metadata": {"a": "b"}})
    c.v1.payment_methods.create(
        {"type": "card", "card": {"number": "4242 4242 4242 4242", "exp_month": 4, "exp_year": 2030, "cvc": "123"}}
    )
    assert len(c.v1.customers.payment_methods.list(customer.id, {"type": "card"}).data) == 2
    assert len(c.v1.payment_methods.list({"customer": customer.id, "limit": 1}).data) == 1
    with pytest.raises(stripe.CardError):
        c.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": customer.id})
    c.v1.payment_methods.detach(method.id)
    assert c.v1.payment_methods.retrieve(method.id, {"expand": ["customer"]}).customer is None


@drives("payment_intents")
def drive_payment_intents(fake: FakeStripe, c: stripe.StripeClient) -> None:
    customer = customer_with_card(c)
    saved = c.v1.payment_methods.list({"customer": customer.id}).data[0]
    intent = c.v1.payment_intents.create(
        {
            "amount": 1999,
            "currency": "eur",
            "customer": customer.id,
            "payment_method": saved.id,
            "confirm": True,
            "off_session": True,
            "description": "INV-1",
            "metadata": {"payment": "pay_1"},
            "payment_method_types": ["card"],
            "expand": ["latest_charge.balance_transaction", "customer", "payment_method"],
        }
    )
    assert intent.latest_charge.balance_transaction.net == 1999 - 57 - 30
    for card in ("chargeCustomerFail", "chargeDeclinedInsufficientFunds", "authenticationRequired"):
        with pytest.raises(stripe.CardError) as refusal:
            c.v1.payment_intents.create(
                {
                    "amount": 500,
                    "currency": "usd",
                    "payment_method": f"pm_card_{card}",
                    "confirm": True,
                    "off_session": True,
                }
            )
        failed = c.v1.payment_intents.retrieve(refusal.value.error.payment_intent.id, {"expand": ["latest_charge"]})
        assert failed.latest_charge.status == "failed"
    asked = paid(c, card="authenticationRequired")
    assert asked.status == "requires_action"
    assert post(asked.next_action.redirect_to_url.url, do="refuse").startswith(f"{HERE}?payment_intent={asked.id}")
    again = c.v1.payment_intents.confirm(
        asked.id, {"payment_method": "pm_card_authenticationRequired", "return_url": HERE}
    )
    post(again.next_action.redirect_to_url.url, do="confirm")
    assert c.v1.payment_intents.retrieve(asked.id).status == "succeeded"
    without = c.v1.payment_intents.create(
        {"amount": 500, "currency": "usd", "payment_method": "pm_card_authenticationRequired", "confirm": True}
    )
    assert without.next_action.type == "use_stripe_sdk"
    draft = c.v1.payment_intents.create({"amount": 700, "currency": "usd"})
    c.v1.payment_intents.update(draft.id, {"amount": 800, "metadata": {"payment": "pay_2"}})
    assert c.v1.payment_intents.cancel(draft.id, {"cancellation_reason": "abandoned"}).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        c.v1.payment_intents.confirm(draft.id, {"payment_method": "pm_card_visa"})
    assert c.v1.payment_intents.search({"query": "metadata['payment']:'pay_1'"}).data[0].id == intent.id
    assert len(list(c.v1.payment_intents.list({"limit": 2}).auto_paging_iter())) == 7


@drives("setup_intents")
def drive_setup_intents(fake: FakeStripe, c: stripe.StripeClient) -> None:
    customer = customer_with_card(c)
    done = c.v1.setup_intents.create(
        {
            "customer": customer.id,
            "payment_method": "pm_card_mastercard",
            "confirm": True,
            "usage": "off_session",
            "metadata": {"a": "b"},
            "return_url": HERE,
            "expand": ["payment_method", "customer"],
        }
    )
    assert done.payment_method.customer == customer.id
    asked = c.v1.setup_intents.create(
        {"customer": customer.id, "payment_method": "pm_card_authenticationRequiredOnSetup"}
    )
    asked = c.v1.setup_intents.confirm(asked.id, {"return_url": HERE})
    post(asked.next_action.redirect_to_url.url, do="confirm")
    assert c.v1.setup_intents.retrieve(asked.id).status == "succeeded"
    with pytest.raises(stripe.CardError):
        c.v1.setup_intents.create({"payment_method": "pm_card_chargeDeclined", "confirm": True})
    left = c.v1.setup_intents.create({"payment_method_types": ["card"]})
    c.v1.setup_intents.cancel(left.id, {"cancellation_reason": "abandoned"})
    assert len(c.v1.setup_intents.list({"customer": customer.id}).data) == 2


@drives("charges")
def drive_charges(fake: FakeStripe, c: stripe.StripeClient) -> None:
    charge = c.v1.charges.retrieve(
        paid(c).latest_charge, {"expand": ["balance_transaction", "payment_intent", "refunds", "customer"]}
    )
    assert charge.refunds.data == []
    c.v1.charges.update(charge.id, {"metadata": {"a": "b"}, "description": "for INV-2"})
    assert c.v1.charges.list({"payment_intent": charge.payment_intent.id}).data[0].metadata.a == "b"


@drives("refunds")
def drive_refunds(fake: FakeStripe, c: stripe.StripeClient) -> None:
    intent = paid(c)
    part = c.v1.refunds.create(
        {
            "payment_intent": intent.id,
            "amount": 500,
            "reason": "requested_by_customer",
            "metadata": {"refund": "re_1"},
            "expand": ["charge", "balance_transaction"],
        }
    )
    assert (part.charge.amount_refunded, part.balance_transaction.amount) == (500, -500)
    for amount in (1501, 1500, 1):
        try:
            c.v1.refunds.create({"charge": intent.latest_charge, "amount": amount})
        except stripe.InvalidRequestError:
            assert amount != 1500
        else:
            assert amount == 1500
    c.v1.refunds.update(part.id, {"metadata": {"b": "c"}})
    assert c.v1.refunds.retrieve(part.id, {"expand": ["payment_intent"]}).payment_intent.id == intent.id
    assert len(c.v1.refunds.list({"charge": intent.latest_charge}).data) == 2
    assert c.raw_request("get", f"/v1/charges/{intent.latest_charge}/refunds").code == 200
    failed = c.v1.refunds.create({"payment_intent": paid(c, card="refundFail").id})
    assert c.v1.refunds.retrieve(failed.id, {"expand": ["failure_balance_transaction"]}).status == "failed"


@drives("disputes")
def drive_disputes(fake: FakeStripe, c: stripe.StripeClient) -> None:
    paid(c, card="createDispute")
    lost = c.v1.disputes.list({"limit": 1}).data[0]
    with pytest.raises(stripe.InvalidRequestError, match="charged back"):
        c.v1.refunds.create({"charge": lost.charge})
    c.v1.disputes.update(lost.id, {"evidence": {"product_description": "calls"}, "submit": False})
    assert c.v1.disputes.close(lost.id, {"expand": ["charge", "payment_intent"]}).status == "lost"
    won = fake.control("dispute", paid(c).id, amount=700, reason="product_not_received")
    c.v1.disputes.update(won["id"], {"evidence": {"uncategorized_text": "winning_evidence"}})
    moves = c.v1.disputes.retrieve(won["id"]).balance_transactions
    assert [(move.amount, move.fee) for move in moves] == [(-700, 1500), (700, -1500)]


@drives("accounts")
def drive_accounts(fake: FakeStripe, c: stripe.StripeClient) -> None:
    assert c.v1.accounts.retrieve_current().charges_enabled
    account = connected(fake, c)
    c.v1.accounts.create({"controller": {"stripe_dashboard": {"type": "express"}}, "country": "DE"})
    c.v1.accounts.update(account.id, {"metadata": {"organization": "1"}})
    assert c.v1.accounts.retrieve(account.id).payouts_enabled
    fake.control("account", account.id, do="restrict")
    assert c.v1.accounts.retrieve(account.id).requirements.disabled_reason == "requirements.past_due"
    assert c.v1.accounts.retrieve_current(options={"stripe_account": account.id}).id == account.id
    assert len(c.v1.accounts.list().data) == 2
    fake.control("account", account.id, do="deauthorize")
    with pytest.raises(stripe.PermissionError):
        c.v1.accounts.retrieve(account.id)
    other = c.v1.accounts.list().data[0]
    assert c.v1.accounts.delete(other.id).deleted


@drives("account_links")
def drive_account_links(fake: FakeStripe, c: stripe.StripeClient) -> None:
    account = c.v1.accounts.create(
        {"type": "express", "country": "US", "capabilities": {"transfers": {"requested": True}}}
    )
    link = c.v1.account_links.create(
        {"account": account.id, "type": "account_onboarding", "return_url": HERE, "refresh_url": f"{HERE}/again"}
    )
    assert "Get paid" in requests.get(link.url, timeout=10).text
    assert post(link.url, do="restrict") == HERE
    assert not c.v1.accounts.retrieve(account.id).payouts_enabled
    assert post(link.url, do="complete") == HERE
    assert c.v1.accounts.retrieve(account.id).capabilities.transfers == "active"
    again = requests.get(link.url, allow_redirects=False, timeout=10)
    assert again.headers["Location"] == f"{HERE}/again", "a link is good once"


@drives("transfers")
def drive_transfers(fake: FakeStripe, c: stripe.StripeClient) -> None:
    account = connected(fake, c)
    given = {"amount": 900, "currency": "usd", "destination": account.id}
    with pytest.raises(stripe.InvalidRequestError, match="insufficient available funds"):
        c.v1.transfers.create(given)
    charge = paid(c).latest_charge
    transfer = c.v1.transfers.create(
        {
            **given,
            "description": "po_1",
            "transfer_group": "po_1",
            "metadata": {"payout": "po_1"},
            "expand": ["destination", "balance_transaction"],
        }
    )
    assert transfer.destination.id == account.id
    c.v1.transfers.create({"amount": 10, "currency": "usd", "destination": account.id, "source_transaction": charge})
    c.v1.transfers.update(transfer.id, {"metadata": {"a": "b"}})
    reversal = c.v1.transfers.reversals.create(
        transfer.id, {"amount": 400, "metadata": {"a": "b"}, "expand": ["transfer", "balance_transaction"]}
    )
    c.v1.transfers.reversals.retrieve(transfer.id, reversal.id)
    assert len(c.v1.transfers.reversals.list(transfer.id).data) == 1
    assert c.v1.transfers.retrieve(transfer.id).amount_reversed == 400
    assert len(c.v1.transfers.list({"destination": account.id, "transfer_group": "po_1"}).data) == 1
    of_account = stripe.RequestOptions(stripe_account=account.id)
    assert c.v1.balance.retrieve(options=of_account).available[0].amount == 510
    arrived = c.v1.charges.retrieve(transfer.destination_payment, options=of_account)
    assert arrived.source_transfer == transfer.id
    c.v1.payouts.create({"amount": 500, "currency": "usd"}, of_account)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        c.v1.transfers.reversals.create(transfer.id, {"amount": 300})
    assert refusal.value.code == "balance_insufficient"


@drives("payouts")
def drive_payouts(fake: FakeStripe, c: stripe.StripeClient) -> None:
    paid(c, 50_000)
    payouts = [c.v1.payouts.create({"amount": 1000, "currency": "usd", "metadata": {"n": str(n)}}) for n in range(4)]
    c.v1.payouts.cancel(payouts[0].id)
    fake.control("payout", payouts[1].id, outcome="failed")
    fake.control("payout", payouts[2].id, outcome="paid")
    fake.control("advance", days=3)
    states = [
        c.v1.payouts.retrieve(p.id, {"expand": ["balance_transaction", "failure_balance_transaction"]}).status
        for p in payouts
    ]
    assert states == ["canceled", "failed", "paid", "paid"]
    assert len(c.v1.payouts.list({"status": "paid"}).data) == 2
    account = connected(fake, c)
    c.v1.transfers.create({"amount": 5000, "currency": "usd", "destination": account.id})
    of_account = stripe.RequestOptions(stripe_account=account.id)
    made = c.v1.payouts.create({"amount": 5000, "currency": "usd", "expand": ["destination"]}, of_account)
    assert made.destination is not None


@drives("balance")
def drive_balance(fake: FakeStripe, c: stripe.StripeClient) -> None:
    assert c.v1.balance.retrieve().available[0].amount == 0
    intent = paid(c)
    c.v1.refunds.create({"payment_intent": intent.id, "amount": 100})
    transactions = list(c.v1.balance_transactions.list({"limit": 1, "created": {"gte": 1}}).auto_paging_iter())
    assert [each.type for each in transactions] == ["refund", "charge"]
    one = c.v1.balance_transactions.retrieve(transactions[1].id, {"expand": ["source"]})
    assert one.source.id == intent.latest_charge
    assert c.v1.balance.retrieve().available[0].amount == sum(each.net for each in transactions)
    assert (
        len(c.v1.balance_transactions.list({"type": "refund", "currency": "usd", "expand": ["data.source"]}).data) == 1
    )


@drives("products")
def drive_products(fake: FakeStripe, c: stripe.StripeClient) -> None:
    product = c.v1.products.create({"name": "Weather", "description": "Forecasts", "metadata": {"plan": "pro"}})
    c.v1.products.update(product.id, {"name": "Weather API", "active": False})
    assert not c.v1.products.retrieve(product.id).active
    assert c.v1.products.list({"active": True}).data == []
    assert c.v1.products.features.list(product.id).data == []


@drives("prices")
def drive_prices(fake: FakeStripe, c: stripe.StripeClient) -> None:
    price = price_of(c)
    c.v1.prices.create({"currency": "usd", "unit_amount": 5, "product": price.product})
    c.v1.prices.update(price.id, {"metadata": {"plan": "pro"}, "nickname": "Pro monthly"})
    found = c.v1.prices.retrieve(price.id, {"expand": ["product", "currency_options", "tiers"]})
    assert found.product.name == "Weather Pro"
    assert len(c.v1.prices.list({"product": price.product, "type": "recurring"}).data) == 1


@drives("tax")
def drive_tax(fake: FakeStripe, c: stripe.StripeClient) -> None:
    line = {"amount": 999, "reference": "1", "tax_behavior": "exclusive", "tax_code": "txcd_10000000"}
    other = {"amount": 595, "reference": "2", "tax_behavior": "inclusive"}
    buyer = {"address": {"country": "DE", "postal_code": "10115"}, "address_source": "billing"}
    shown = {"expand": ["line_items.data.tax_breakdown"]}
    made = c.v1.tax.calculations.create(
        {"currency": "eur", "line_items": [line, other], "customer_details": buyer, **shown}
    )
    assert [each.amount_tax for each in made.line_items.data] == [190, 95]
    assert (made.amount_total, made.tax_amount_exclusive, made.tax_amount_inclusive) == (1784, 190, 95)
    assert made.line_items.data[0].tax_breakdown[0].tax_rate_details.percentage_decimal == "19"
    assert len(c.v1.tax.calculations.line_items.list(made.id, {"limit": 1}).data) == 1
    business = {"address": {"country": "FR"}, "tax_ids": [{"type": "eu_vat", "value": "FRAB123456789"}]}
    free = c.v1.tax.calculations.create({"currency": "eur", "line_items": [line], "customer_details": business})
    assert (free.amount_total, free.tax_breakdown[0].taxability_reason) == (999, "reverse_charge")
    with pytest.raises(stripe.InvalidRequestError) as nowhere:
        c.v1.tax.calculations.create(
            {"currency": "usd", "line_items": [line], "customer_details": {"address": {"country": "US"}}}
        )
    assert nowhere.value.code == "customer_tax_location_invalid"
    sale = c.v1.tax.transactions.create_from_calculation(
        {"calculation": made.id, "reference": "INV-1", "expand": ["line_items"]}
    )
    with pytest.raises(stripe.InvalidRequestError):
        c.v1.tax.transactions.create_from_calculation({"calculation": made.id, "reference": "INV-1"})
    taken = {
        "original_line_item": sale.line_items.data[0].id,
        "reference": "CN-1-1",
        "amount": -999,
        "amount_tax": -190,
    }
    back = {"mode": "partial", "original_transaction": sale.id, "line_items": [taken]}
    reversal = c.v1.tax.transactions.create_reversal({**back, "reference": "CN-1"})
    with pytest.raises(stripe.InvalidRequestError):
        c.v1.tax.transactions.create_reversal({**back, "reference": "CN-2"})
    assert c.v1.tax.transactions.retrieve(reversal.id).reversal.original_transaction == sale.id
    [line_item] = c.v1.tax.transactions.line_items.list(reversal.id).data
    assert (line_item.amount, line_item.amount_tax, line_item.type) == (-999, -190, "reversal")


@drives("subscriptions")
def drive_subscriptions(fake: FakeStripe, c: stripe.StripeClient) -> None:
    price, customer = price_of(c), customer_with_card(c)
    method = c.v1.payment_methods.list({"customer": customer.id}).data[0]
    made = c.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": price.id, "quantity": 2}],
            "default_payment_method": method.id,
            "metadata": {"plan": "pro"},
            "expand": ["latest_invoice", "customer", "default_payment_method", "items.data.price.product"],
        }
    )
    assert (made.status, made.latest_invoice.amount_paid) == ("active", 3000)
    item = made["items"].data[0]
    c.v1.subscription_items.retrieve(item.id)
    assert len(c.v1.subscription_items.list({"subscription": made.id}).data) == 1
    c.v1.subscriptions.update(made.id, {"items": [{"id": item.id, "price": price_of(c).id, "quantity": 1}]})
    fake.control("renew", made.id)
    c.v1.subscriptions.update(made.id, {"cancel_at_period_end": True})
    assert fake.control("renew", made.id)["status"] == "canceled"
    elsewhere = fake.control("subscription", email="bob@example.com", unit_amount=900, card="chargeCustomerFail")
    assert elsewhere["status"] == "incomplete"
    c.v1.subscriptions.cancel(elsewhere["id"])
    assert c.v1.subscriptions.retrieve(elsewhere["id"]).status == "canceled"
    assert c.v1.subscriptions.list({"customer": customer.id}).data == []
    assert len(c.v1.subscriptions.list({"status": "all"}).data) == 2


@drives("invoices")
def drive_invoices(fake: FakeStripe, c: stripe.StripeClient) -> None:
    good = fake.control("subscription", email="bob@example.com", unit_amount=900)
    bad = fake.control("subscription", email="bob@example.com", unit_amount=900, card="chargeCustomerFail")
    invoice = c.v1.invoices.retrieve(
        good["latest_invoice"], {"expand": ["payments", "customer", "discounts", "lines.data.discounts"]}
    )
    assert invoice.payments.data[0].status == "paid"
    c.v1.invoice_payments.retrieve(invoice.payments.data[0].id, {"expand": ["payment.payment_intent"]})
    assert len(c.v1.invoice_payments.list({"invoice": invoice.id}).data) == 1
    assert c.v1.invoices.line_items.list(invoice.id).data[0].amount == 900
    with pytest.raises(stripe.CardError):
        c.v1.invoices.pay(bad["latest_invoice"])
    assert c.v1.invoices.pay(bad["latest_invoice"], {"payment_method": "pm_card_visa"}).status == "paid"
    worse = fake.control("subscription", email="bob@example.com", unit_amount=900, card="chargeCustomerFail")
    c.v1.invoices.void_invoice(worse["latest_invoice"])
    assert [each.status for each in c.v1.invoices.list().data] == ["void", "paid", "paid"]


@drives("checkout_sessions")
def drive_checkout_sessions(fake: FakeStripe, c: stripe.StripeClient) -> None:
    customer = customer_with_card(c)
    urls = {"success_url": HERE + "?session={CHECKOUT_SESSION_ID}", "cancel_url": HERE}
    line = {"price_data": {"currency": "usd", "unit_amount": 1200, "product_data": {"name": "INV-3"}}, "quantity": 1}
    payment = c.v1.checkout.sessions.create(
        {
            **urls,
            "mode": "payment",
            "customer": customer.id,
            "client_reference_id": "chk_1",
            "line_items": [line],
            "payment_intent_data": {"setup_future_usage": "off_session", "metadata": {"payment": "pay_1"}},
            "metadata": {"payment": "pay_1"},
        }
    )
    assert "4242424242424242" in requests.get(payment.url, timeout=10).text
    refused = requests.post(payment.url, data={"card": "chargeDeclined"}, timeout=10)
    assert "Your card was declined." in refused.text
    bank = post(payment.url, card="authenticationRequired")
    back = post(bank, do="confirm")
    done = requests.get(back, allow_redirects=False, timeout=10)
    assert done.headers["Location"] == f"{HERE}?session={payment.id}"
    found = c.v1.checkout.sessions.retrieve(
        payment.id, {"expand": ["payment_intent.latest_charge", "line_items", "customer"]}
    )
    assert (found.payment_status, found.payment_intent.metadata.payment) == ("paid", "pay_1")
    assert c.v1.payment_methods.retrieve(found.payment_intent.payment_method).customer == customer.id
    setup = c.v1.checkout.sessions.create(
        {**urls, "mode": "setup", "currency": "usd", "customer": customer.id, "payment_method_types": ["card"]}
    )
    assert post(setup.url, card="mastercard") == f"{HERE}?session={setup.id}"
    assert c.v1.checkout.sessions.retrieve(setup.id, {"expand": ["setup_intent"]}).setup_intent.status == "succeeded"
    sold = c.v1.checkout.sessions.create(
        {**urls, "mode": "subscription", "line_items": [{"price": price_of(c).id, "quantity": 1}]}
    )
    post(sold.url, card="visa")
    found = c.v1.checkout.sessions.retrieve(sold.id, {"expand": ["subscription", "invoice"]})
    assert (found.subscription.status, found.invoice.status) == ("active", "paid")
    left = c.v1.checkout.sessions.create({**urls, "mode": "payment", "line_items": [line]})
    c.v1.checkout.sessions.line_items.list(left.id)
    assert c.v1.checkout.sessions.expire(left.id).status == "expired"
    assert len(c.v1.checkout.sessions.list({"customer": customer.id}).data) == 2


@drives("events")
def drive_events(fake: FakeStripe, c: stripe.StripeClient) -> None:
    paid(c)
    kinds = [event.type for event in c.v1.events.list().data]
    assert kinds == ["payment_intent.succeeded", "charge.succeeded", "payment_intent.created"]
    event = c.v1.events.list({"type": "charge.succeeded"}).data[0]
    assert c.v1.events.retrieve(event.id).data.object.object == "charge"
    assert len(c.v1.events.list({"types": ["charge.succeeded", "payment_intent.created"]}).data) == 2


@drives("webhook_endpoints")
def drive_webhook_endpoints(fake: FakeStripe, c: stripe.StripeClient) -> None:
    made = c.v1.webhook_endpoints.create(
        {"url": "http://127.0.0.1:9/hook", "enabled_events": ["charge.succeeded"], "metadata": {"a": "b"}}
    )
    assert made.secret.startswith("whsec_")
    c.v1.webhook_endpoints.update(made.id, {"disabled": True, "enabled_events": ["*"]})
    assert c.v1.webhook_endpoints.retrieve(made.id).status == "disabled"
    assert len(c.v1.webhook_endpoints.list().data) == 1
    assert c.v1.webhook_endpoints.delete(made.id).deleted
