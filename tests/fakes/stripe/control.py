"""`/_fake/…`: what only Stripe, a bank or a cardholder can make happen, and the faults. JSON in, JSON out."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.fakes.stripe.calls import Call
from tests.fakes.stripe.delivery import Target
from tests.fakes.stripe.params import Params
from tests.fakes.stripe.resources.accounts import deauthorize, restrict, submit
from tests.fakes.stripe.resources.customers import create as create_customer
from tests.fakes.stripe.resources.disputes import close_dispute, open_dispute
from tests.fakes.stripe.resources.events import emit
from tests.fakes.stripe.resources.payment_methods import own_method
from tests.fakes.stripe.resources.payouts import arrive, end_payout
from tests.fakes.stripe.resources.prices import new_price
from tests.fakes.stripe.resources.refunds import fail_refund
from tests.fakes.stripe.resources.subscriptions import new_item, renew, start
from tests.fakes.stripe.server import Server
from tests.fakes.stripe.world import PLATFORM, Object

Action = Callable[["Control", dict[str, Any], str], Any]
_ACTIONS: dict[str, Action] = {}


def action(name: str) -> Callable[[Action], Action]:
    def register(function: Action) -> Action:
        _ACTIONS[name] = function
        return function

    return register


class Control:
    """`POST /_fake/<action>` or `/_fake/<action>/<id>` with a JSON object; `GET /_fake/state` and `/_fake/requests`."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.world = server.world

    def run(self, name: str, values: dict[str, Any], id_: str = "") -> Any:
        """Raises KeyError for an action that there is not."""
        result = _ACTIONS[name](self, values, id_)
        self.world.save()
        return result

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.text()
        name, _, id_ = request.match_info["action"].partition("/")
        if name not in _ACTIONS:
            raise web.HTTPNotFound(text=f"There is: {', '.join(sorted(_ACTIONS))}")
        try:
            result = self.run(name, json.loads(body or "{}"), id_)
        except (TypeError, ValueError, LookupError) as error:
            raise web.HTTPBadRequest(text=repr(error)) from error
        return web.json_response(result)

    def call(self, account: str = PLATFORM, params: dict[str, Any] | None = None) -> Call:
        return Call(self.world, Params(params or {}), account)


@action("state")
def _state(control: Control, values: dict[str, Any], id_: str) -> Any:
    """How much there is of everything, and how many webhooks are still to be accepted."""
    counts: dict[str, int] = {}
    for book in control.world.books.values():
        for item in book.values():
            counts[item["object"]] = counts.get(item["object"], 0) + 1
    return {"objects": counts, "pending_webhooks": control.server.webhooks.pending, "now": control.world.now()}


@action("requests")
def _requests(control: Control, values: dict[str, Any], id_: str) -> Any:
    return [
        {"method": each.method, "path": each.path, "status": each.status, "idempotency_key": each.idempotency_key}
        for each in control.server.requests
    ]


@action("faults")
def _faults(control: Control, values: dict[str, Any], id_: str) -> Any:
    """The fields of `Fault`; `{"clear": true}` takes all away."""
    if values.pop("clear", False):
        control.server.faults.waiting.clear()
    if values:
        control.server.faults.add(**values)
    return {}


@action("webhooks")
def _webhooks(control: Control, values: dict[str, Any], id_: str) -> Any:
    """`is_held`, `duplicates`, `delay_seconds`; `release`: in_order, reversed, shuffled; `target`: url and secrets."""
    webhooks = control.server.webhooks
    for name in ("is_held", "duplicates", "delay_seconds"):
        if name in values:
            setattr(webhooks, name, values[name])
    if "release" in values:
        webhooks.release(values["release"])
    if "target" in values:
        control.server.targets = [Target(values["target"]["url"], tuple(values["target"]["secrets"]))]
    return {"deliveries": webhooks.log}


@action("advance")
def _advance(control: Control, values: dict[str, Any], id_: str) -> Any:
    """Stripe's clock goes on by `days` and `seconds`; payouts that are due arrive."""
    control.world.offset += values.get("days", 0) * 86400 + values.get("seconds", 0)
    arrive(control.world)
    return {"now": control.world.now()}


@action("dispute")
def _dispute(control: Control, values: dict[str, Any], id_: str) -> Object:
    """Of the charge or payment intent `id`: `amount`, `reason`."""
    call = control.call()
    intent = control.world.find(PLATFORM, id_, "payment_intent")
    charge = control.world.get(PLATFORM, intent["latest_charge"] if intent else id_, "charge")
    return open_dispute(call, charge, amount=values.get("amount"), reason=values.get("reason", "fraudulent"))


@action("close_dispute")
def _close_dispute(control: Control, values: dict[str, Any], id_: str) -> Object:
    """`outcome`: won or lost."""
    dispute = control.world.get(PLATFORM, id_, "dispute")
    close_dispute(control.call(), dispute, values["outcome"])
    return dispute


@action("fail_refund")
def _fail_refund(control: Control, values: dict[str, Any], id_: str) -> Object:
    refund = control.world.get(PLATFORM, id_, "refund")
    fail_refund(control.call(), refund)
    return refund


@action("payout")
def _payout(control: Control, values: dict[str, Any], id_: str) -> Object:
    """`outcome`: paid, failed or canceled; of the account `account`."""
    account = values.get("account", PLATFORM)
    payout = control.world.get(account, id_, "payout")
    end_payout(control.call(account), payout, values["outcome"])
    return payout


@action("account")
def _account(control: Control, values: dict[str, Any], id_: str) -> Object:
    """`do`: complete, restrict, deauthorize, or pay_out (at once, whatever arrives)."""
    account = control.world.get(PLATFORM, id_, "account")
    if values["do"] == "deauthorize":
        deauthorize(control.world, account)
    elif values["do"] == "pay_out":
        control.world.private[f"pays_out:{id_}"] = True
    elif values["do"] == "restrict":
        restrict(control.world, account, ["individual.verification.document"])
    else:
        submit(control.world, account)
    return account


@action("event")
def _event(control: Control, values: dict[str, Any], id_: str) -> Object:
    """Any event: its `type` and `object`, or the id of an object that there is; `account` of a connected one."""
    account = values.get("account", PLATFORM)
    item = values.get("object") or control.world.books[account][id_]
    return emit(control.world, account, values["type"], item)


@action("subscription")
def _subscription(control: Control, values: dict[str, Any], id_: str) -> Object:
    """A subscription that was made elsewhere, such as in Stripe's dashboard.

    `price` (an id) or `unit_amount`, `currency` and `interval`; `customer` (an id) or `email`; `card`, `metadata`.
    """
    call = control.call()
    price = control.world.find(PLATFORM, values.get("price", ""), "price") or new_price(
        call,
        Params(
            {
                "currency": values.get("currency", "usd"),
                "unit_amount": str(values["unit_amount"]),
                "recurring": {"interval": values.get("interval", "month")},
                "product_data": {"name": values.get("name", "Made elsewhere")},
            }
        ),
    )
    customer = values.get("customer") or create_customer(control.call(params={"email": values["email"]}))["id"]
    method = own_method(call, f"pm_card_{values.get('card', 'visa')}", customer)
    return start(call, customer, new_item(call, price, 1), method["id"], values.get("metadata", {}))


@action("renew")
def _renew(control: Control, values: dict[str, Any], id_: str) -> Object:
    """The next period of a subscription begins."""
    return renew(control.call(), control.world.get(PLATFORM, id_, "subscription"))
