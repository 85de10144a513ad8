from tests.fakes.stripe.calls import Call, listing, route
from tests.fakes.stripe.lists import created_within, matching, page
from tests.fakes.stripe.params import Params
from tests.fakes.stripe.world import Object, random_id


@route(
    "POST",
    "/v1/products",
    "id active description metadata default_price_data images unit_label url tax_code statement_descriptor shippable",
    required="name",
)
def create(call: Call) -> Object:
    return new_product(call, call.params)


@route("GET", "/v1/products/{id}")
def retrieve(call: Call) -> Object:
    return call.get("product")


@route("POST", "/v1/products/{id}", "active description metadata name default_price")
def update(call: Call) -> Object:
    product = call.get("product")
    product["name"] = call.params.text("name", product["name"])
    product["description"] = call.params.text("description", product["description"])
    product["active"] = call.params.boolean("active", product["active"])
    product["metadata"] = call.params.metadata(product["metadata"])
    product["updated"] = call.now()
    call.emit("product.updated", product)
    return product


@listing("/v1/products", "active created ids")
def list_(call: Call) -> Object:
    found = created_within(call.params, call.world.of_kind(call.account, "product"))
    return page(call.params, matching(call.params, found, "active"), "/v1/products")


@listing("/v1/products/{id}/features")
def features(call: Call) -> Object:
    call.get("product")
    return page(call.params, [], f"/v1/products/{call.id}/features")


def new_product(call: Call, params: Params) -> Object:
    now = call.now()
    product: Object = {
        "id": params.text("id") or random_id("prod"),
        "object": "product",
        "active": params.boolean("active", default=True),
        "created": now,
        "default_price": None,
        "description": params.text("description"),
        "images": params.items("images"),
        "livemode": False,
        "marketing_features": [],
        "metadata": params.metadata(),
        "name": params.text("name"),
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "unit_label": params.text("unit_label"),
        "updated": now,
        "url": params.text("url"),
    }
    call.add(product)
    call.emit("product.created", product)
    return product
