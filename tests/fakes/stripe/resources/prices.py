from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.errors import invalid
from tests.fakes.stripe.lists import created_within, matching, page
from tests.fakes.stripe.params import Params
from tests.fakes.stripe.resources.products import new_product
from tests.fakes.stripe.world import Object, random_id


@route(
    "POST",
    "/v1/prices",
    "unit_amount unit_amount_decimal product product_data recurring nickname metadata lookup_key active tax_behavior",
    required="currency",
)
def create(call: Call) -> Object:
    return new_price(call, call.params)


@route("GET", "/v1/prices/{id}")
def retrieve(call: Call) -> Object:
    return call.get("price")


@route("POST", "/v1/prices/{id}", "active metadata nickname lookup_key")
def update(call: Call) -> Object:
    price = call.get("price")
    price["active"] = call.params.boolean("active", price["active"])
    price["nickname"] = call.params.text("nickname", price["nickname"])
    price["metadata"] = call.params.metadata(price["metadata"])
    call.emit("price.updated", price)
    return price


@listing("/v1/prices", "active product type currency created lookup_keys")
def list_(call: Call) -> Object:
    found = created_within(call.params, call.world.of_kind(call.account, "price"))
    return page(call.params, matching(call.params, found, "active", "product", "type", "currency"), "/v1/prices")


def new_price(call: Call, params: Params) -> Object:
    """Also from the `price_data` of a line."""
    if params.has("product"):
        product = call.world.named(call.account, params.text("product"), "product", param="product")
    elif params.has("product_data"):
        product = new_product(call, params.under("product_data"))
    else:
        raise invalid("You must specify either `product` or `product_data` when creating a price.", "product")
    amount = params.integer("unit_amount")
    if amount is None:
        raise invalid("You must specify `unit_amount`.", "unit_amount", "parameter_missing")
    recurring = params.under("recurring")
    price: Object = {
        "id": random_id("price"),
        "object": "price",
        "active": params.boolean("active", default=True),
        "billing_scheme": "per_unit",
        "created": call.now(),
        "currency": params.text("currency"),
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": params.text("lookup_key"),
        "metadata": params.metadata(),
        "nickname": params.text("nickname"),
        "product": product["id"],
        "recurring": {
            "interval": recurring.text("interval"),
            "interval_count": recurring.integer("interval_count", 1),
            "meter": None,
            "usage_type": "licensed",
        }
        if recurring.values
        else None,
        "tax_behavior": params.text("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring.values else "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }
    call.add(price)
    call.emit("price.created", price)
    return price
