from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.errors import missing
from tests.fakes.stripe.lists import created_within, matching, page
from tests.fakes.stripe.resources.payment_methods import own_method
from tests.fakes.stripe.world import Object, random_id

_TEXTS = ("email", "name", "phone", "description")
_ACCEPTS = " ".join([*_TEXTS, "metadata", "address", "payment_method", "invoice_settings", "preferred_locales"])


@route("POST", "/v1/customers", _ACCEPTS)
def create(call: Call) -> Object:
    customer: Object = {
        "id": random_id("cus"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": call.now(),
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "discount": None,
        "email": None,
        "name": None,
        "phone": None,
        "description": None,
        "invoice_prefix": f"FAKE{call.world.number('invoice_prefix'):04}",
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    if (method := call.params.text("payment_method")) is not None:
        own_method(call, method, customer["id"])
    call.add(customer)
    _change(call, customer)
    call.emit("customer.created", customer)
    return customer


@route("GET", "/v1/customers/{id}")
def retrieve(call: Call) -> Object:
    return call.get("customer")


@route("POST", "/v1/customers/{id}", _ACCEPTS)
def update(call: Call) -> Object:
    customer = present(call, call.id)
    before = {name: customer[name] for name in _TEXTS}
    _change(call, customer)
    changed = {name: value for name, value in before.items() if customer[name] != value}
    call.emit("customer.updated", customer, changed)
    return customer


@route("DELETE", "/v1/customers/{id}")
def delete(call: Call) -> Object:
    customer = present(call, call.id)
    call.emit("customer.deleted", customer)
    return call.add({"id": customer["id"], "object": "customer", "deleted": True})


@listing("/v1/customers", "email created")
def list_(call: Call) -> Object:
    found = [item for item in call.world.of_kind(call.account, "customer") if not item.get("deleted")]
    return page(call.params, matching(call.params, created_within(call.params, found), "email"), "/v1/customers")


def present(call: Call, id_: str, *, param: str = "id") -> Object:
    """A customer that was not deleted."""
    customer = call.world.get(call.account, id_, "customer", param=param)
    if customer.get("deleted"):
        raise missing("customer", id_, param)
    return customer


def _change(call: Call, customer: Object) -> None:
    params = call.params
    customer |= {name: params.text(name) for name in _TEXTS if params.has(name)}
    if params.has("metadata"):
        customer["metadata"] = params.metadata(customer["metadata"])
    if params.has("preferred_locales"):
        customer["preferred_locales"] = params.items("preferred_locales")
    if params.has("address"):
        lines = ("city", "country", "line1", "line2", "postal_code", "state")
        customer["address"] = {line: params.text(f"address.{line}") for line in lines}
    if params.has("invoice_settings.default_payment_method"):
        default = params.text("invoice_settings.default_payment_method")
        if default is not None:
            default = own_method(call, default, customer["id"], param="invoice_settings[default_payment_method]")["id"]
        customer["invoice_settings"]["default_payment_method"] = default
