"""The platform's own account, and the connected ones of its creators (Express)."""

from typing import Any

from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.errors import StripeError, refused
from tests.fakes.stripe.lists import created_within, page, whole
from tests.fakes.stripe.world import PLATFORM, Object, World, random_id

_NEEDED = ["business_type", "external_account", "individual.id_number", "tos_acceptance.date", "tos_acceptance.ip"]
_CURRENCIES = {"US": "usd", "GB": "gbp", "CH": "chf", "JP": "jpy", "HU": "huf"}


@route("GET", "/v1/account")
def own(call: Call) -> Object:
    return _platform(call.world) if call.account == PLATFORM else call.world.get(PLATFORM, call.account, "account")


@route("GET", "/v1/accounts/{id}")
def retrieve(call: Call) -> Object:
    return _platform(call.world) if call.id == PLATFORM else _accessible(call.world, call.id)


@route(
    "POST",
    "/v1/accounts",
    "type controller country email capabilities business_type business_profile default_currency metadata settings",
)
def create(call: Call) -> Object:
    params = call.params
    account = _new(call.world, random_id("acct"), params.text("country", "US"), params.text("email"))
    account["metadata"] = params.metadata()
    account["business_type"] = params.text("business_type")
    if params.has("controller"):
        account["type"] = "none"
    requested = [name for name in params.mapping("capabilities") if params.boolean(f"capabilities.{name}.requested")]
    account["capabilities"] = dict.fromkeys(requested, "inactive")
    if params.has("settings.payouts.schedule.interval"):
        account["settings"]["payouts"]["schedule"]["interval"] = params.text("settings.payouts.schedule.interval")
    call.world.books.setdefault(account["id"], {})
    call.world.add(PLATFORM, account)
    emit_of(call.world, account, "account.updated", account)
    return account


@route(
    "POST", "/v1/accounts/{id}", "email metadata business_type business_profile capabilities settings default_currency"
)
def update(call: Call) -> Object:
    account = _accessible(call.world, call.id)
    account["email"] = call.params.text("email", account["email"])
    account["metadata"] = call.params.metadata(account["metadata"])
    emit_of(call.world, account, "account.updated", account)
    return account


@route("DELETE", "/v1/accounts/{id}")
def delete(call: Call) -> Object:
    account = _accessible(call.world, call.id)
    if any(t["net"] for t in call.world.of_kind(account["id"], "balance_transaction")):
        raise refused("This account has a balance that is not zero.", "account_invalid")
    return call.world.add(PLATFORM, {"id": account["id"], "object": "account", "deleted": True})


@listing("/v1/accounts", "created")
def list_(call: Call) -> Object:
    found = [account for account in call.world.connected() if not account.get("deleted")]
    return page(call.params, created_within(call.params, found), "/v1/accounts")


def emit_of(world: World, account: Object, kind: str, item: Object) -> None:
    """An event of a connected account, which its platform hears of."""
    from tests.fakes.stripe.resources.events import emit

    emit(world, account["id"], kind, item)


def submit(world: World, account: Object, *, is_restricted: bool = False) -> None:
    """The onboarding form was filled in; Stripe accepts it, or wants a document first."""
    account |= {"details_submitted": True, "business_type": account["business_type"] or "individual"}
    if not account["external_accounts"]["data"]:
        bank = _bank(account)
        account["external_accounts"]["data"].append(bank)
        emit_of(world, account, "account.external_account.created", bank)
    restrict(world, account, ["individual.verification.document"] if is_restricted else [])


def restrict(world: World, account: Object, due: list[str]) -> None:
    """What Stripe wants from the account now; with nothing due it may charge, be transferred to and be paid out."""
    is_able = account["details_submitted"] and not due
    account["requirements"] |= {
        "currently_due": due,
        "eventually_due": due,
        "past_due": due,
        "disabled_reason": "requirements.past_due" if due else None,
    }
    account |= {"charges_enabled": is_able, "payouts_enabled": is_able}
    account["capabilities"] = dict.fromkeys(account["capabilities"], "active" if is_able else "inactive")
    emit_of(world, account, "account.updated", account)


def deauthorize(world: World, account: Object) -> None:
    """The creator disconnected the account: the platform's keys do not open it any more."""
    world.private[f"deauthorized:{account['id']}"] = True
    application = {"id": "ca_FakePlatformApplication", "object": "application", "name": "API Factory"}
    emit_of(world, account, "account.application.deauthorized", application)


def require_access(world: World, account: str) -> None:
    """Raises unless `Stripe-Account` names an account that this platform may work with."""
    if account != PLATFORM:
        _accessible(world, account)


def _accessible(world: World, account: str) -> Object:
    found = world.find(PLATFORM, account, "account")
    if found is None or found.get("deleted") or f"deauthorized:{account}" in world.private:
        message = (
            f"The provided key 'sk_test_***' does not have access to account '{account}' (or that account does not "
            "exist). Application access may have been revoked."
        )
        raise StripeError(403, "invalid_request_error", message, code="account_invalid")
    return found


def _platform(world: World) -> Object:
    account = world.find(PLATFORM, PLATFORM, "account")
    if account is None:
        account = _new(world, PLATFORM, "US", "platform@api-factory.invalid")
        account |= {"type": "standard", "details_submitted": True, "charges_enabled": True, "payouts_enabled": True}
        account["controller"] = {"type": "account"}
        account["requirements"] = _requirements([])
        world.books[PLATFORM] = {PLATFORM: account, **world.books[PLATFORM]}
    return account


def _requirements(due: list[str]) -> dict[str, Any]:
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": due,
        "disabled_reason": "requirements.past_due" if due else None,
        "errors": [],
        "eventually_due": due,
        "past_due": due,
        "pending_verification": [],
    }


def _new(world: World, id_: str, country: str, email: str | None) -> Object:
    return {
        "id": id_,
        "object": "account",
        "business_profile": {
            "annual_revenue": None,
            "estimated_worker_count": None,
            "mcc": None,
            "minority_owned_business_designation": None,
            "name": None,
            "product_description": None,
            "support_address": None,
            "support_email": None,
            "support_phone": None,
            "support_url": None,
            "url": None,
        },
        "business_type": None,
        "capabilities": {},
        "charges_enabled": False,
        "controller": {
            "fees": {"payer": "application"},
            "is_controller": True,
            "losses": {"payments": "application"},
            "requirement_collection": "stripe",
            "stripe_dashboard": {"type": "express"},
            "type": "application",
        },
        "country": country,
        "created": world.now(),
        "default_currency": _CURRENCIES.get(country, "eur"),
        "details_submitted": False,
        "email": email,
        "external_accounts": whole([], f"/v1/accounts/{id_}/external_accounts"),
        "future_requirements": _requirements([]),
        "metadata": {},
        "payouts_enabled": False,
        "requirements": _requirements(_NEEDED),
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_payments": {
                "decline_on": {"avs_failure": False, "cvc_failure": False},
                "statement_descriptor_prefix": None,
                "statement_descriptor_prefix_kana": None,
                "statement_descriptor_prefix_kanji": None,
            },
            "dashboard": {"display_name": None, "timezone": "Etc/UTC"},
            "payments": {
                "statement_descriptor": None,
                "statement_descriptor_kana": None,
                "statement_descriptor_kanji": None,
            },
            "payouts": {
                "debit_negative_balances": True,
                "schedule": {"delay_days": 2, "interval": "daily"},
                "statement_descriptor": None,
            },
            "sepa_debit_payments": {},
        },
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": "express",
    }


def _bank(account: Object) -> Object:
    return {
        "id": random_id("ba"),
        "object": "bank_account",
        "account": account["id"],
        "account_holder_name": None,
        "account_holder_type": None,
        "account_type": None,
        "available_payout_methods": ["standard"],
        "bank_name": "STRIPE TEST BANK",
        "country": account["country"],
        "currency": account["default_currency"],
        "default_for_currency": True,
        "fingerprint": "fakebank6789",
        "last4": "6789",
        "metadata": {},
        "routing_number": "110000000",
        "status": "new",
    }
