"""The exported document: valid OpenAPI 3.1, about the gateway, and the same endpoints when it comes back."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from apps.accounts.access import Actor
from apps.core import clock
from apps.products import services
from apps.products.models import Product
from apps.products.openapi.export import as_json, as_yaml, export_document
from apps.products.openapi.operations import read_operations
from apps.products.openapi.reading import read_document
from apps.products.services import ImportOptions
from tests.factories.actors import make_actor
from tests.factories.products import EndpointFactory, ProductFactory, TierFactory

pytestmark = pytest.mark.django_db

# Documents of others are no part of the project: a folder of them is named to be read from where it is.
FOLDER = os.environ.get("OPENAPI_DOCUMENTS", "")
DOCUMENTS = sorted(Path(FOLDER).glob("*.*")) if FOLDER else []
METHODS = {"get", "put", "post", "delete", "options", "head", "patch"}


@pytest.fixture
def alice() -> Actor:
    return make_actor()


@pytest.fixture
def product(alice: Actor) -> Product:
    product = ProductFactory(organization=alice.organization, slug="shop", name="Shop", version="3", description="Buy.")
    TierFactory(product=product, rank=0)
    return product


def come_back(alice: Actor, product: Product, text: str) -> None:
    """Importing the text says that nothing would change."""
    imported = services.preview_import(actor=alice, product=product, source="paste", raw=text.encode())
    changes = services.changes_of(imported)
    differing = {str(matched.endpoint): matched.parts for matched in changes.changed}
    assert (differing, changes.added, changes.renamed, changes.removed) == ({}, (), (), ())
    assert len(changes.unchanged) == product.endpoints.current().count()


def test_what_it_says(product: Product, settings: Any) -> None:
    settings.GATEWAY_URL = "https://gateway.example.com"
    tier = product.tiers.get()
    EndpointFactory(
        tier=tier, method="GET", path="/orders/{id}", pattern="/orders/{}", operation_id="getOrder",
        deprecated_at=clock.now(),
        operation={"summary": "One", "responses": {"200": {"description": "It"}, "429": {"description": "Mine"}}},
    )  # fmt: skip
    EndpointFactory(tier=tier, method="PUT", path="/orders/{nr}", pattern="/orders/{}", operation_id="same")
    EndpointFactory(tier=tier, method="GET", path="/b", operation_id="same", operation={"deprecated": True, "x-a": 1})
    EndpointFactory(tier=tier, method="GET", path="/gone", removed_at=clock.now())
    document = export_document(product, plan_of=lambda endpoint: "Pro" if endpoint.method == "PUT" else "")
    validate(json.loads(as_json(document)))
    assert document["servers"] == [{"url": "https://gateway.example.com/shop"}]
    assert document["info"] == {"title": "Shop", "version": "3", "description": "Buy."}
    assert list(document["paths"]) == ["/b", "/orders/{id}"], "two templates of the same paths are one path"
    one, put = document["paths"]["/orders/{id}"]["get"], document["paths"]["/orders/{id}"]["put"]
    assert (one["operationId"], one["deprecated"], one["summary"]) == ("getOrder", True, "One")
    assert one["responses"]["429"] == {"description": "Mine"}
    assert one["responses"]["401"] == {"$ref": "#/components/responses/GatewayUnauthorized"}
    assert [parameter["name"] for parameter in put["parameters"]] == ["id"]
    assert (put["x-required-plan"], "x-required-plan" in one, "operationId" in put) == ("Pro", False, False)
    assert "deprecated" not in document["paths"]["/b"]["get"]
    components = document["components"]
    assert {"Retry-After", "RateLimit", "RateLimit-Policy"} <= set(
        components["responses"]["GatewayTooManyRequests"]["headers"]
    )
    assert components["securitySchemes"]["apiKey"]["name"] == "X-Api-Key"
    assert components["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert product.upstream_url not in as_json(document)


def in_query(schema: Any) -> dict[str, Any]:
    return {"parameters": [{"name": "a", "in": "query", "schema": schema}]}


def in_body(schema: Any) -> dict[str, Any]:
    return {"requestBody": {"content": {"a/b": {"schema": schema}}}}


ODD: dict[str, Any] = {
    "nothing": {},
    "no object": [1],
    "types that are none": in_query({"type": "int", "format": 5}),
    "a body without content": {"requestBody": {"description": "x"}},
    "responses that are none": {"responses": {"200": "ok", "later": {}, "4XX": {"headers": {"A": {"schema": 1}}}}},
    "a reference to nothing": in_body({"$ref": "#/components/schemas/A"}),
    "references to elsewhere": in_body({"$ref": "http://a.example/x y"}),
    "required that is not listed": in_body({"type": "object", "required": ["x"]}),
    "a default of another type": in_query({"type": "integer", "default": "x"}),
    "a pattern that is none": in_query({"pattern": "(?<x>a)\\p{L}["}),
    "words that are none": {"summary": 5, "tags": [1, {}], "description": ["x"], "deprecated": "yes", "servers": 1},
}


@pytest.mark.parametrize("name", ODD)
def test_it_is_valid_whatever_a_creator_wrote(name: str, product: Product) -> None:
    EndpointFactory(tier=product.tiers.get(), path="/a/{id}", pattern="/a/{}", operation=ODD[name])
    validate(json.loads(as_json(export_document(product))))


def test_what_was_exported_can_be_imported_again(alice: Actor, product: Product) -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}}
    paths = {
        "/nodes/{id}": {
            "put": {"operationId": "putNode", "requestBody": body, "responses": {"401": {"description": "No"}}},
            "get": {"deprecated": True, "security": [], "x-internal": "yes"},
        }
    }
    raw = json.dumps({"openapi": "3.1.0", "paths": paths, "components": {"schemas": {"Node": node}}}).encode()
    imported = services.preview_import(actor=alice, product=product, source="paste", raw=raw)
    seen = services.changes_of(imported).seen
    services.apply_import(actor=alice, imported=imported, options=ImportOptions(seen=seen))
    document = export_document(product, plan_of=lambda endpoint: "Free")
    validate(json.loads(as_json(document)))
    assert yaml.safe_load(as_yaml(document)) == document
    come_back(alice, product, as_json(document))
    come_back(alice, product, as_yaml(document))


def counted(path: Path) -> int:
    """How many operations a document has, read by another library than ours."""
    content = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    return sum(key in METHODS for item in content["paths"].values() for key in item)


@pytest.mark.skipif(not DOCUMENTS, reason="OPENAPI_DOCUMENTS names no folder with documents to import")
def test_the_documents_of_others_are_imported_whole(alice: Actor) -> None:
    for path in DOCUMENTS:
        product = ProductFactory(organization=alice.organization)
        TierFactory(product=product, rank=0)
        imported = services.preview_import(actor=alice, product=product, source="upload", raw=path.read_bytes())
        changes = services.changes_of(imported)
        services.apply_import(actor=alice, imported=imported, options=ImportOptions(seen=changes.seen))
        assert product.endpoints.current().count() == counted(path) > 0, path.name
        document = export_document(product)
        come_back(alice, product, as_json(document))
        small = {**document, "paths": dict(list(document["paths"].items())[:12])}  # the validator takes its time
        validate(json.loads(as_json(small)))
        assert len(read_operations(read_document(as_yaml(document).encode())).operations) == counted(path)
