"""Stripe's own subscriptions: somebody may sell through them what a plan of ours is."""

import calendar
import datetime as dt

from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.errors import invalid, refused
from tests.fakes.stripe.lists import created_within, matching, page, whole
from tests.fakes.stripe.resources.customers import present
from tests.fakes.stripe.resources.invoices import bill
from tests.fakes.stripe.resources.payment_methods import own_method
from tests.fakes.stripe.world import Object, random_id

_SECONDS = {"day": 86400, "week": 7 * 86400}


@route(
    "POST",
    "/v1/subscriptions",
    "default_payment_method metadata payment_behavior description cancel_at_period_end off_session",
    required="customer items",
)
def create(call: Call) -> Object:
    params = call.params
    customer = present(call, params.text("customer"), param="customer")
    method = params.text("default_payment_method")
    if method is not None:
        method = own_method(call, method, customer["id"], param="default_payment_method")["id"]
    item = _given_item(call)
    return start(call, customer["id"], item, method, params.metadata())


@route("GET", "/v1/subscriptions/{id}")
def retrieve(call: Call) -> Object:
    return call.get("subscription")


@route(
    "POST",
    "/v1/subscriptions/{id}",
    "items metadata cancel_at_period_end default_payment_method proration_behavior description",
)
def update(call: Call) -> Object:
    subscription = call.get("subscription")
    _require_running(subscription)
    before = {name: subscription[name] for name in ("cancel_at_period_end", "cancel_at", "canceled_at", "metadata")}
    if call.params.has("items"):
        _change_item(call, subscription)
    subscription["metadata"] = call.params.metadata(subscription["metadata"])
    if call.params.has("cancel_at_period_end"):
        is_ending = call.params.boolean("cancel_at_period_end")
        subscription |= {
            "cancel_at_period_end": is_ending,
            "cancel_at": subscription["items"]["data"][0]["current_period_end"] if is_ending else None,
            "canceled_at": call.now() if is_ending else None,
        }
    if (method := call.params.text("default_payment_method")) is not None:
        subscription["default_payment_method"] = own_method(call, method, subscription["customer"])["id"]
    changed = {name: value for name, value in before.items() if subscription[name] != value}
    call.emit("customer.subscription.updated", subscription, changed)
    return subscription


@route("DELETE", "/v1/subscriptions/{id}", "cancellation_details invoice_now prorate")
def cancel(call: Call) -> Object:
    subscription = call.get("subscription")
    _require_running(subscription)
    end(call, subscription)
    return subscription


@listing("/v1/subscriptions", "customer status price created")
def list_(call: Call) -> Object:
    found = created_within(call.params, call.world.of_kind(call.account, "subscription"))
    if call.params.text("status") in (None, "all"):
        is_all = call.params.has("status")
        found = [each for each in found if is_all or each["status"] != "canceled"]
    else:
        found = matching(call.params, found, "status")
    return page(call.params, matching(call.params, found, "customer"), "/v1/subscriptions")


@route("GET", "/v1/subscription_items/{id}")
def retrieve_item(call: Call) -> Object:
    return call.get("subscription_item")


@listing("/v1/subscription_items", "subscription")
def list_items(call: Call) -> Object:
    found = matching(call.params, call.world.of_kind(call.account, "subscription_item"), "subscription")
    return page(call.params, found, "/v1/subscription_items")


def start(call: Call, customer: str, item: Object, method: str | None, metadata: dict[str, str]) -> Object:
    """A subscription whose first period is invoiced at once."""
    now, price = call.now(), item["price"]
    id_ = random_id("sub")
    item |= {"subscription": id_, "current_period_start": now, "current_period_end": next_period_end(now, price)}
    subscription: Object = {
        "id": id_,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": now,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": None, "type": "classic"},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": now,
        "currency": price["currency"],
        "customer": customer,
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": method,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": whole([item], f"/v1/subscription_items?subscription={id_}"),
        "latest_invoice": None,
        "livemode": False,
        "metadata": metadata,
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": now,
        "status": "incomplete",
        "test_clock": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": None,
    }
    call.add(item)
    call.add(subscription)
    call.emit("customer.subscription.created", subscription)
    invoice = bill(call, subscription, "subscription_create")
    if invoice["status"] == "paid":
        subscription["status"] = "active"
        call.emit("customer.subscription.updated", subscription, {"status": "incomplete"})
    return subscription


def renew(call: Call, subscription: Object) -> Object:
    """The next period begins, or the subscription ends; the invoice, where there is one, is in `latest_invoice`."""
    _require_running(subscription)
    if subscription["cancel_at_period_end"]:
        end(call, subscription)
        return subscription
    item, before = subscription["items"]["data"][0], subscription["status"]
    item["current_period_start"] = item["current_period_end"]
    item["current_period_end"] = next_period_end(item["current_period_start"], item["price"])
    invoice = bill(call, subscription, "subscription_cycle")
    subscription["status"] = "active" if invoice["status"] == "paid" else "past_due"
    call.emit("customer.subscription.updated", subscription, {"status": before})
    return subscription


def end(call: Call, subscription: Object) -> None:
    now = call.now()
    subscription |= {"status": "canceled", "canceled_at": subscription["canceled_at"] or now, "ended_at": now}
    subscription["cancellation_details"]["reason"] = "cancellation_requested"
    call.emit("customer.subscription.deleted", subscription)


def new_item(call: Call, price: Object, quantity: int) -> Object:
    if price["type"] != "recurring":
        raise invalid("The price specified is set to `type=one_time` but this field only accepts recurring prices.")
    return {
        "id": random_id("si"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": call.now(),
        "current_period_end": 0,
        "current_period_start": 0,
        "discounts": [],
        "metadata": {},
        "price": price,
        "quantity": quantity,
        "subscription": "",
        "tax_rates": [],
    }


def next_period_end(start_at: int, price: Object) -> int:
    """The same day of the next month or year, or its last one."""
    interval, count = price["recurring"]["interval"], price["recurring"]["interval_count"]
    if interval in _SECONDS:
        return start_at + count * _SECONDS[interval]
    begin = dt.datetime.fromtimestamp(start_at, dt.UTC)
    months = begin.year * 12 + begin.month - 1 + count * (12 if interval == "year" else 1)
    year, month = months // 12, months % 12 + 1
    day = min(begin.day, calendar.monthrange(year, month)[1])
    return int(begin.replace(year=year, month=month, day=day).timestamp())


def _given_item(call: Call) -> Object:
    given = call.params.items("items")
    if len(given) != 1:
        raise invalid("This server knows subscriptions of one item.", "items")
    price = call.world.named(call.account, given[0].get("price", ""), "price", param="items[0][price]")
    return new_item(call, price, int(given[0].get("quantity", 1)))


def _change_item(call: Call, subscription: Object) -> None:
    item = subscription["items"]["data"][0]
    given = call.params.items("items")[0]
    if given.get("id") != item["id"]:
        raise invalid("This server changes the one item of a subscription: give its id.", "items[0][id]")
    if "price" in given:
        item["price"] = call.world.named(call.account, given["price"], "price", param="items[0][price]")
    item["quantity"] = int(given.get("quantity", item["quantity"]))


def _require_running(subscription: Object) -> None:
    if subscription["status"] in {"canceled", "incomplete_expired"}:
        raise refused("A canceled subscription can only update its cancellation_details and metadata.")
