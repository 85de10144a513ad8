"""The pages that Stripe hosts: Checkout, onboarding of connected accounts, and the bank's confirmation."""

import html
from typing import Any

from aiohttp import web

from tests.fakes.stripe import cards
from tests.fakes.stripe.calls import Call
from tests.fakes.stripe.errors import StripeError
from tests.fakes.stripe.params import Params
from tests.fakes.stripe.resources import payment_intents, setup_intents
from tests.fakes.stripe.resources.accounts import submit
from tests.fakes.stripe.resources.checkout_sessions import complete, expire_due, find_session
from tests.fakes.stripe.resources.customers import create as create_customer
from tests.fakes.stripe.resources.payment_methods import attach_method, new_card
from tests.fakes.stripe.resources.subscriptions import new_item, start
from tests.fakes.stripe.world import PLATFORM, Object, World

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#1a1f36}"
    "button{font:inherit;padding:.5rem 1rem;margin:.5rem .5rem 0 0}fieldset{margin:1rem 0}label{display:block}"
    ".note{color:#4f566b}.error{color:#a41c4e}"
)


class Pages:
    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/c/pay/{id}", self.checkout),
            web.post("/c/pay/{id}", self.pay),
            web.get("/setup/{token}", self.onboarding),
            web.post("/setup/{token}", self.onboard),
            web.get("/3ds/{id}", self.confirmation),
            web.post("/3ds/{id}", self.confirm),
        ]

    # --- Checkout -----------------------------------------------------------------------------------
    async def checkout(self, request: web.Request) -> web.Response:
        account, session = self._session(request)
        call = self._call(account)
        expire_due(call, session)
        intent = self._intent_of(account, session)
        if session["status"] == "open" and intent is not None and intent["status"] == "succeeded":
            self._complete(call, session, intent)
        if session["status"] == "complete":
            raise web.HTTPSeeOther(_after(session))
        if session["status"] == "expired":
            return _page("This link has expired", _back(session))
        problem = (intent or {}).get("last_payment_error") or (intent or {}).get("last_setup_error")
        return self._checkout_page(session, problem["message"] if problem else "")

    async def pay(self, request: web.Request) -> web.Response:
        account, session = self._session(request)
        form = await request.post()
        card = cards.BY_NAME.get(str(form.get("card")))
        if session["status"] != "open" or card is None:
            raise web.HTTPSeeOther(f"/c/pay/{session['id']}")
        call = self._call(account)
        try:
            intent = self._attempt(call, session, card)
        except StripeError as error:
            return self._checkout_page(session, error.error["message"])
        finally:
            self.world.save()
        if intent is not None and intent["status"] == "requires_action":
            raise web.HTTPSeeOther(intent["next_action"]["redirect_to_url"]["url"])
        raise web.HTTPSeeOther(_after(session))

    def _attempt(self, call: Call, session: Object, card: cards.TestCard) -> Object | None:
        """The intent that is confirmed or asks for the cardholder; None for a subscription."""
        private = self.world.private[session["id"]]
        if session["customer"] is None and (session["mode"] != "payment" or session["customer_creation"] == "always"):
            guest = {"email": session["customer_email"] or "guest@example.com"}
            session["customer"] = create_customer(self._call(call.account, guest))["id"]
        method = new_card(call, card)
        here = f"{self.world.base_url}/c/pay/{session['id']}"
        if session["mode"] == "subscription":
            attach_method(call, method, session["customer"])
            item = new_item(call, private["line_items"][0]["price"], private["line_items"][0]["quantity"])
            metadata = private["subscription_data"].get("metadata", {})
            subscription = start(call, session["customer"], item, method["id"], metadata)
            self._complete(call, session, subscription)
            return None
        intent = self._intent_of(call.account, session)
        if session["mode"] == "setup":
            if intent is None:
                metadata = private["setup_intent_data"].get("metadata", {})
                intent = setup_intents.new_setup(call, session["customer"], metadata)
                private["intent"] = intent["id"]
                call.emit("setup_intent.created", intent)
            intent["payment_method"] = method["id"]
            setup_intents.attempt(call, intent, here)
        else:
            if intent is None:
                intent = self._new_payment(call, session, private)
            intent["payment_method"] = method["id"]
            payment_intents.attempt(call, intent, off_session=False, return_url=here)
        if intent["status"] == "succeeded":
            self._complete(call, session, intent)
        return intent

    def _new_payment(self, call: Call, session: Object, private: dict[str, Any]) -> Object:
        given = private["payment_intent_data"]
        intent = payment_intents.new_intent(call, session["amount_total"], session["currency"], session["customer"])
        intent["metadata"] = given.get("metadata", {})
        intent |= {
            name: given[name] for name in ("description", "setup_future_usage", "transfer_group") if name in given
        }
        private["intent"] = intent["id"]
        call.add(intent)
        call.emit("payment_intent.created", intent)
        return intent

    def _complete(self, call: Call, session: Object, made: Object) -> None:
        customer = self.world.find(call.account, session["customer"] or "", "customer")
        if customer is not None:
            session["customer_details"] = {
                "address": customer["address"],
                "business_name": None,
                "email": customer["email"],
                "individual_name": None,
                "name": customer["name"],
                "phone": customer["phone"],
                "tax_exempt": "none",
                "tax_ids": [],
            }
        found = {made["object"]: made["id"]}
        if made["object"] == "subscription":
            found["invoice"] = made["latest_invoice"]
        complete(call, session, **found)

    def _checkout_page(self, session: Object, problem: str = "") -> web.Response:
        rows = "".join(
            f'<label><input type="radio" name="card" value="{card.name}"{" checked" if card.name == "visa" else ""}> '
            f"{card.number} <span class=note>{html.escape(card.note)}</span></label>"
            for card in cards.CARDS
        )
        price = f"{session['amount_total']} {session['currency']} (minor units)" if session["amount_total"] else ""
        title = "Save a card" if session["mode"] == "setup" else f"Pay {price}"
        error = f'<p class="error" role="alert">{html.escape(problem)}</p>' if problem else ""
        body = (
            f'{error}<form method="post"><fieldset><legend>Test card</legend>{rows}</fieldset>'
            f"<button>{'Save' if session['mode'] == 'setup' else 'Pay'}</button></form>{_back(session)}"
        )
        return _page(title, body)

    def _session(self, request: web.Request) -> tuple[str, Object]:
        found = find_session(self.world, request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound
        return found

    def _intent_of(self, account: str, session: Object) -> Object | None:
        return self.world.find(account, self.world.private[session["id"]].get("intent", ""))

    # --- Onboarding ---------------------------------------------------------------------------------
    async def onboarding(self, request: web.Request) -> web.Response:
        link = self._link(request)
        if link.get("is_used") or link["expires_at"] < self.world.now():
            raise web.HTTPSeeOther(link["refresh_url"])
        link["is_used"] = True
        account = self.world.get(PLATFORM, link["account"], "account")
        body = (
            f"<p>Account {account['id']}, {html.escape(account['email'] or 'no e-mail')}, {account['country']}</p>"
            '<form method="post"><button name="do" value="complete">Submit details</button>'
            '<button name="do" value="restrict">Submit details, but let a document be missing</button>'
            '<button name="do" value="leave">Save for later</button></form>'
        )
        return _page("Get paid: your details", body)

    async def onboard(self, request: web.Request) -> web.Response:
        link = self._link(request)
        form = await request.post()
        account = self.world.get(PLATFORM, link["account"], "account")
        if form.get("do") in {"complete", "restrict"}:
            submit(self.world, account, is_restricted=form.get("do") == "restrict")
            self.world.save()
        raise web.HTTPSeeOther(link["return_url"])

    def _link(self, request: web.Request) -> dict[str, Any]:
        link = self.world.private.get(f"link:{request.match_info['token']}")
        if link is None:
            raise web.HTTPNotFound
        return link

    # --- The bank -----------------------------------------------------------------------------------
    async def confirmation(self, request: web.Request) -> web.Response:
        _, intent = self._asked(request)
        if intent["status"] != "requires_action":
            raise web.HTTPSeeOther(self._answered(intent))
        what = f"{intent['amount']} {intent['currency']} (minor units)" if "amount" in intent else "Saving your card"
        body = (
            f"<p>{what}</p>"
            '<form method="post"><button name="do" value="confirm">Complete</button>'
            '<button name="do" value="refuse">Fail</button></form>'
        )
        return _page("Your bank asks: is this you?", body)

    async def confirm(self, request: web.Request) -> web.Response:
        account, intent = self._asked(request)
        form = await request.post()
        if intent["status"] == "requires_action":
            module: Any = payment_intents if intent["object"] == "payment_intent" else setup_intents
            call = self._call(account)
            if form.get("do") == "confirm":
                module.succeed(call, intent)
                # The page that it was typed on is done, also where its visitor never comes back to it.
                for session in self.world.of_kind(account, "checkout.session"):
                    if session["status"] == "open" and self._intent_of(account, session) is intent:
                        self._complete(call, session, intent)
            else:
                module.refuse_holder(call, intent)
            self.world.save()
        raise web.HTTPSeeOther(self._answered(intent))

    def _asked(self, request: web.Request) -> tuple[str, Object]:
        private = self.world.private.get(request.match_info["id"])
        if private is None or "return_url" not in private:
            raise web.HTTPNotFound
        return private["account"], self.world.books[private["account"]][request.match_info["id"]]

    def _answered(self, intent: Object) -> str:
        return_url = self.world.private[intent["id"]]["return_url"]
        if return_url is None:
            return f"{self.world.base_url}/"
        kind = intent["object"]
        outcome = "succeeded" if intent["status"] == "succeeded" else "failed"
        query = f"{kind}={intent['id']}&{kind}_client_secret={intent['client_secret']}&redirect_status={outcome}"
        return f"{return_url}{'&' if '?' in return_url else '?'}{query}"

    def _call(self, account: str, params: dict[str, Any] | None = None) -> Call:
        return Call(self.world, Params(params or {}), account)


def _after(session: Object) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _back(session: Object) -> str:
    url = session["cancel_url"]
    return f'<p><a href="{html.escape(url)}">Back without paying</a></p>' if url else ""


def _page(title: str, body: str) -> web.Response:
    document = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<p class=note>Fake Stripe: no money moves</p><main><h1>{html.escape(title)}</h1>{body}</main></html>"
    )
    return web.Response(text=document, content_type="text/html")
