"""Importing: what is shown, what is then done, and what stays as its creator made it."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.access import Actor
from apps.accounts.models import AuditEvent
from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.models import Change
from apps.products import services
from apps.products.models import Endpoint, OpenApiImport, Product
from apps.products.openapi import operations
from apps.products.openapi.comparison import ImportChanges
from apps.products.services import ImportOptions, imports
from apps.products.services import endpoints as endpoint_services
from tests.factories.actors import make_actor
from tests.factories.products import ProductFactory, TierFactory

pytestmark = pytest.mark.django_db


def document(paths: dict[str, Any], **info: str) -> bytes:
    return json.dumps({"openapi": "3.1.0", "info": {"title": "Shop", **info}, "paths": paths}).encode()


def op(operation_id: str = "", **parts: Any) -> dict[str, Any]:
    return parts | ({"operationId": operation_id} if operation_id else {})


SHOP = {
    "/orders": {"get": op("listOrders", summary="Orders"), "post": op("addOrder")},
    "/orders/{id}": {"get": op("getOrder"), "delete": op("dropOrder", deprecated=True)},
    "/status": {"get": op(summary="Status")},
}


@pytest.fixture
def alice() -> Actor:
    return make_actor()


@pytest.fixture
def product(alice: Actor) -> Product:
    product = ProductFactory(organization=alice.organization, name="Shop")
    TierFactory(product=product, rank=0, slug="free")
    TierFactory(product=product, rank=1, slug="pro")
    return product


def read(alice: Actor, product: Product, paths: dict[str, Any]) -> OpenApiImport:
    return services.preview_import(actor=alice, product=product, source="paste", raw=document(paths))


def bring(alice: Actor, product: Product, paths: dict[str, Any], **options: Any) -> ImportChanges:
    """Read and apply; returns what was shown in between."""
    imported = read(alice, product, paths)
    changes = services.changes_of(imported)
    services.apply_import(actor=alice, imported=imported, options=ImportOptions(seen=changes.seen, **options))
    return changes


def routes(product: Product) -> dict[str, Endpoint]:
    return {str(endpoint): endpoint for endpoint in product.endpoints.current()}


def names(changes: ImportChanges) -> dict[str, list[str]]:
    return {
        "added": [str(operation) for operation in changes.added],
        "changed": [str(matched.endpoint) for matched in changes.changed],
        "renamed": [f"{matched.endpoint} → {matched.operation}" for matched in changes.renamed],
        "removed": [str(endpoint) for endpoint in changes.removed],
        "unchanged": [str(matched.endpoint) for matched in changes.unchanged],
    }


def test_a_first_import(alice: Actor, product: Product) -> None:
    imported = read(alice, product, SHOP)
    assert product.endpoints.count() == 0, "nothing is changed by looking"
    changes = services.changes_of(imported)
    assert names(changes)["added"] == [
        "GET /orders", "POST /orders", "DELETE /orders/{id}", "GET /orders/{id}", "GET /status",
    ], "by path"  # fmt: skip
    Change.objects.all().delete()
    services.apply_import(actor=alice, imported=imported, options=ImportOptions(seen=changes.seen))
    found = routes(product)
    order = found["GET /orders/{id}"]
    assert (order.pattern, order.upstream_path, order.operation_id) == ("/orders/{}", "/orders/{id}", "getOrder")
    assert (order.tier.slug, order.weight, order.deprecated_at) == ("free", 1, None)
    assert found["DELETE /orders/{id}"].deprecated_at is not None
    assert found["GET /orders"].summary == "Orders"
    assert len({endpoint.public_id for endpoint in found.values()}) == 5
    assert Change.objects.filter(topic=f"product:{product.pk}").count() == 1
    event = AuditEvent.objects.get(action="import.applied")
    assert event.summary == "Imported Shop into Shop: 5 added, 0 changed, 0 renamed, 0 removed"
    imported.refresh_from_db()
    assert imported.applied_at is not None


def test_importing_again_says_what_is_new_and_keeps_what_is_the_creators(alice: Actor, product: Product) -> None:
    bring(alice, product, SHOP)
    pro = product.tiers.get(slug="pro")
    before = routes(product)
    renamed, gone = before["GET /orders/{id}"], before["GET /status"]
    product.endpoints.filter(pk=renamed.pk).update(tier=pro, weight=7, upstream_path="/v9/{id}/order")
    by_hand = services.add_endpoint(actor=alice, product=product, method="GET", path="/by-hand", tier=pro)
    again = {
        "/orders": {"get": op("listOrders", summary="All orders", parameters=[{"name": "q", "in": "query"}]),
                    "post": op("addOrder")},
        "/v2/orders/{order_id}": {"get": op("getOrder"), "delete": op("dropOrder")},
        "/customers": {"get": op("listCustomers")},
    }  # fmt: skip
    changes = bring(alice, product, again, tier=pro)
    assert names(changes) == {
        "added": ["GET /customers"],
        "changed": ["GET /orders"],
        "renamed": [
            "GET /orders/{id} → GET /v2/orders/{order_id}",
            "DELETE /orders/{id} → DELETE /v2/orders/{order_id}",
        ],
        "removed": ["GET /by-hand", "GET /status"],
        "unchanged": ["POST /orders"],
    }
    assert [part.value for part in changes.changed[0].parts] == ["summary", "parameters"]
    assert "deprecated" in changes.renamed[1].parts
    after = routes(product)
    moved = after["GET /v2/orders/{order_id}"]
    assert (moved.pk, moved.public_id, moved.pattern) == (renamed.pk, renamed.public_id, "/v2/orders/{}")
    assert (moved.tier, moved.weight, moved.upstream_path) == (pro, 7, "/v9/{order_id}/order")
    assert after["DELETE /v2/orders/{order_id}"].upstream_path == "/v2/orders/{order_id}"
    assert after["DELETE /v2/orders/{order_id}"].deprecated_at is None, "the document takes its mark back"
    assert after["GET /customers"].tier == pro
    assert {"GET /by-hand", "GET /status"} <= set(after), "what is missing stays unless it is to go"
    bring(alice, product, again, remove_missing=True)
    gone.refresh_from_db()
    by_hand.refresh_from_db()
    assert gone.removed_at is not None
    assert by_hand.removed_at is not None
    assert services.changes_of(read(alice, product, again)).is_empty


def test_without_operation_ids_a_rename_is_told_by_what_the_operation_says_where_it_says_so_alone(
    alice: Actor, product: Product
) -> None:
    """httpbin's own document has none, and many of its operations say the same."""

    def paths(agent: str, item: str, twin: str, bare: str) -> dict[str, Any]:
        item_id = item[item.index("{") + 1 : -1]
        return {
            agent: {"get": op(summary="The user agent")},
            item: {"get": op(summary="An item", parameters=[{"name": item_id, "in": "path", "required": True}])},
            twin: {"get": op(summary="Anything"), "put": op(summary="Anything")},
            "/same": {"get": op(summary="Anything")},
            bare: {"get": op(responses={"200": {"description": "OK"}})},
        }

    bring(alice, product, paths("/user-agent", "/items/{id}", "/anything", "/bare"))
    before = routes(product)
    changes = bring(alice, product, paths("/agent", "/v2/items/{item}", "/any", "/nude"))
    assert names(changes) == {
        "added": ["GET /nude"],
        "changed": [],
        "renamed": [
            "GET /user-agent → GET /agent",
            "GET /items/{id} → GET /v2/items/{item}",
            "GET /anything → GET /any",
            "PUT /anything → PUT /any",
        ],
        "removed": ["GET /bare"],
        "unchanged": ["GET /same"],
    }
    assert routes(product)["GET /agent"].pk == before["GET /user-agent"].pk
    twice = {"/agent": {"get": op(summary="Other")}, "/one": {"get": op(summary="An item")}}
    changes = services.changes_of(read(alice, product, twice | {"/two": {"get": op(summary="An item")}}))
    assert changes.renamed == (), "two that say the same are no rename"


def test_paths_and_marks_that_the_creator_chose_stay(alice: Actor, product: Product) -> None:
    """A route of the creator's own over the document's path; a deprecation by hand; a parameter's new name."""
    bring(alice, product, SHOP)
    found = routes(product)
    found["GET /status"].delete()
    tier = product.tiers.get(slug="free")
    mine = services.add_endpoint(
        actor=alice, product=product, method="GET", path="/health", upstream_path="/status", tier=tier
    )
    services.deprecate_endpoint(actor=alice, endpoint=found["POST /orders"])
    product.endpoints.filter(pk=found["GET /orders/{id}"].pk).update(upstream_path="/x/{id}")
    again = SHOP | {"/orders/{nr}": SHOP["/orders/{id}"]}
    del again["/orders/{id}"]
    changes = bring(alice, product, again)
    assert names(changes) == {
        "added": [],
        "changed": ["GET /health", "GET /orders/{id}", "DELETE /orders/{id}"],
        "renamed": [], "removed": [], "unchanged": ["GET /orders", "POST /orders"],
    }  # fmt: skip
    after = routes(product)
    assert after["GET /health"].pk == mine.pk
    assert (after["GET /health"].upstream_path, after["GET /health"].summary) == ("/status", "Status")
    assert after["POST /orders"].deprecated_at is not None
    assert after["GET /orders/{nr}"].upstream_path == "/x/{nr}"
    assert "path" in changes.changed[1].parts


def test_a_path_at_the_backend_that_no_longer_fits_is_given_up_with_a_word(alice: Actor, product: Product) -> None:
    bring(alice, product, SHOP)
    product.endpoints.filter(operation_id="getOrder").update(upstream_path="/x/{id}")
    changes = bring(alice, product, {"/order": {"get": op("getOrder")}})
    assert changes.renamed[0].drops_upstream_path
    assert routes(product)["GET /order"].upstream_path == "/order"


def test_what_was_shown_is_what_is_done(alice: Actor, product: Product) -> None:
    imported = read(alice, product, SHOP)
    seen = services.changes_of(imported).seen
    services.add_endpoint(actor=alice, product=product, method="GET", path="/new", tier=product.tiers.all()[0])
    with pytest.raises(Conflict, match="have changed since"):
        services.apply_import(actor=alice, imported=imported, options=ImportOptions(seen=seen))
    assert set(routes(product)) == {"GET /new"}
    options = ImportOptions(seen=services.changes_of(imported).seen)
    services.apply_import(actor=alice, imported=imported, options=options)
    for deed in (
        lambda: services.apply_import(actor=alice, imported=imported, options=options),
        lambda: services.discard_import(actor=alice, imported=imported),
    ):
        with pytest.raises(Conflict, match="applied already"):
            deed()


def test_all_or_nothing(alice: Actor, product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(alice, product, {"/status": SHOP["/status"]})
    monkeypatch.setattr(imports, "ENDPOINTS_MAX", 4)
    with pytest.raises(Conflict, match="4 endpoints at most"):
        bring(alice, product, SHOP, remove_missing=True)
    elsewhere = TierFactory()
    with pytest.raises(Invalid) as refused:
        bring(alice, product, {"/status": {"get": op()}}, remove_missing=True, tier=elsewhere)
    assert refused.value.field == "tier"
    assert set(routes(product)) == {"GET /status"}


@pytest.mark.parametrize("paths", [{}, {"/status": {}}, {"/status": {"summary": "x", "parameters": []}}, {"x-y": SHOP}])
def test_a_document_without_an_operation_is_no_order_to_remove_everything(
    alice: Actor, product: Product, paths: dict[str, Any]
) -> None:
    with pytest.raises(Invalid, match="no operation"):
        read(alice, product, paths)
    assert not product.imports.exists()


def test_all_documentation_together_has_a_limit_however_it_came_there(
    alice: Actor, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written out whole, for everybody who asks for the document of the product."""
    shape = {"type": "object", "properties": {f"field{n}": {"type": "string"} for n in range(50)}}
    answer = {"200": {"description": "x", "content": {"application/json": {"schema": {"$ref": "#/x-shapes/One"}}}}}
    paths = {f"/{n}": {"get": {"summary": "Many", "responses": answer}} for n in range(20)}
    raw = json.dumps({"openapi": "3.1.0", "info": {"title": "x"}, "paths": paths, "x-shapes": {"One": shape}}).encode()
    monkeypatch.setattr(operations, "PRODUCT_BYTES_MAX", 20_000)
    imported = services.preview_import(actor=alice, product=product, source="paste", raw=raw)
    changes = services.changes_of(imported)
    assert sum(len(json.dumps(one.operation)) for one in changes.added) < 25_000
    assert len(changes.added) == 20
    assert any("by their name" in warning.text or "too large" in warning.text for warning in changes.warnings)
    tier = product.tiers.get(slug="pro")
    monkeypatch.setattr(endpoint_services, "PRODUCT_BYTES_MAX", 10_000)
    with pytest.raises(Invalid, match="together"):
        services.apply_import(actor=alice, imported=imported, options=ImportOptions(seen=changes.seen))
    assert not product.endpoints.exists()
    services.add_endpoint(actor=alice, product=product, method="GET", path="/a", tier=tier)
    with pytest.raises(Invalid, match="together"):
        services.add_endpoint(
            actor=alice, product=product, method="GET", path="/b", tier=tier,
            operation={"description": "x" * 10_001},
        )  # fmt: skip


def test_an_import_of_others_is_not_found(alice: Actor, product: Product) -> None:
    imported = read(alice, product, SHOP)
    mallory = make_actor()
    for deed in (
        lambda: services.preview_import(actor=mallory, product=product, source="paste", raw=document(SHOP)),
        lambda: services.apply_import(actor=mallory, imported=imported, options=ImportOptions(seen="")),
        lambda: services.discard_import(actor=mallory, imported=imported),
    ):
        with pytest.raises(NotFound):
            deed()
    services.discard_import(actor=alice, imported=imported)
    assert not OpenApiImport.objects.exists()


def test_a_thousand_operations_take_few_queries(alice: Actor, product: Product) -> None:
    paths = {f"/r{number}/{{id}}": {"get": op(f"get{number}", summary="x")} for number in range(1_000)}
    bring(alice, product, paths)
    imported = read(alice, product, {path: {"get": item["get"] | {"summary": "y"}} for path, item in paths.items()})
    seen = services.changes_of(imported).seen
    with CaptureQueriesContext(
        connection,
    ) as queries:
        services.apply_import(actor=alice, imported=imported, options=ImportOptions(seen=seen))
    assert len(queries) < 30
    assert product.endpoints.filter(operation__summary="y").count() == 1_000


def test_the_newest_documents_are_kept(alice: Actor, product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "IMPORTS_KEPT", 2)
    kept = [read(alice, product, SHOP).pk for _ in range(4)][-2:]
    assert sorted(product.imports.values_list("pk", flat=True)) == kept


class TestNewProduct:
    def make(self, alice: Actor, **content: Any) -> OpenApiImport:
        raw = json.dumps({"openapi": "3.0.0", "paths": SHOP} | content).encode()
        return services.create_product_from_document(actor=alice, source="upload", raw=raw, filename="shop\n.json")

    def test_is_what_the_document_says(self, alice: Actor) -> None:
        info = {"title": "Shop  API", "version": "2.1", "description": "# Hello\r\n\x07there"}
        imported = self.make(alice, info=info, servers=[{"url": "https://shop.example.com/v2/"}])
        made = imported.product
        assert (made.name, made.slug, made.version, made.status) == ("Shop API", "shop-api", "2.1", "draft")
        assert (made.upstream_url, made.description) == ("https://shop.example.com/v2", "# Hello\nthere")
        assert (imported.origin, imported.dialect, imported.applied_at) == ("shop.json", "3.0", None)

    @pytest.mark.parametrize(
        ("content", "field"),
        [
            ({"info": {"title": "Shop"}}, "upstream_url"),
            ({"servers": [{"url": "https://shop.example.com"}]}, "name"),
            ({"info": {"title": "Shop"}, "servers": [{"url": "http://127.0.0.1"}]}, "upstream_url"),
            ({"openapi": "9"}, "document"),
        ],
    )
    def test_or_none_at_all(self, alice: Actor, content: dict[str, Any], field: str) -> None:
        with pytest.raises(Invalid) as refused:
            self.make(alice, **content)
        assert refused.value.field == field
        assert not Product.objects.exists()


def test_an_address_is_asked_through_the_guard(alice: Actor, product: Product) -> None:
    for url in ("http://127.0.0.1:9/openapi.json", "http://169.254.169.254/latest", "file:///etc/passwd"):
        with pytest.raises(Invalid) as refused:
            services.preview_import(actor=alice, product=product, source="url", url=url)
        assert refused.value.field == "url"
    with pytest.raises(Invalid):
        services.preview_import(actor=alice, product=product, source="guess", raw=document(SHOP))
    assert not product.imports.exists()


def test_times_are_those_of_the_installation(alice: Actor, product: Product) -> None:
    before = clock.now()
    bring(alice, product, SHOP)
    deprecated_at = routes(product)["DELETE /orders/{id}"].deprecated_at
    assert deprecated_at is not None
    assert before <= deprecated_at <= clock.now()
