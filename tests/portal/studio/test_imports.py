"""The pages of imports: from a document to endpoints, and back out as a document."""

import json
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.products.models import Endpoint, OpenApiImport, Product
from tests.portal.studio.world import World
from tests.portal.support import text_of, words

pytestmark = pytest.mark.django_db

FIRST = """
openapi: 3.1.0
info: {title: Shop, version: 1.0.0, description: Buy things.}
servers: [{url: https://shop.example.com/v1}]
paths:
  /orders: {get: {operationId: list, summary: All orders}, trace: {}}
  /orders/{id}: {get: {operationId: one}}
  /status: {get: {}}
"""
SECOND = (
    FIRST.replace("/orders/{id}", "/v2/orders/{id}").replace("All orders", "Every order").replace("/status", "/new")
)


def upload(client: Client, url: str, text: str, **more: Any) -> Any:
    file = SimpleUploadedFile("shop.yaml", text.encode())
    return client.post(url, {"source": "upload", "document": file} | more)


def apply(client: Client, page: str, **options: str) -> Any:
    """Press the button of the preview at this address."""
    content = client.get(page).content.decode()
    seen = content.partition('name="seen" value="')[2].partition('"')[0]
    return client.post(f"{page}apply/", {"seen": seen, "back": page} | options)


def test_a_product_out_of_a_document_and_the_document_again(ours: World, client: Client) -> None:
    assert 'type="file"' in client.get(ours.url("studio-product-import")).content.decode()
    answer = upload(client, ours.url("studio-product-import"), FIRST)
    assert answer.status_code == 302
    product = Product.objects.get(name="Shop")
    assert (product.upstream_url, product.version) == ("https://shop.example.com/v1", "1.0.0")
    page = answer.headers["Location"]
    text = words(client, page)
    assert "Added 3 Changed 0 Renamed 0 Missing 0 Unchanged 0" in text
    assert "TRACE /orders Left out" in text
    assert apply(client, page).status_code == 302
    assert product.endpoints.current().count() == 3

    imports = ours.url("studio-imports", slug=product.slug)
    page = client.post(imports, {"source": "paste", "document": SECOND}).headers["Location"]
    text = words(client, page)
    assert "Added 1 Changed 1 Renamed 1 Missing 1 Unchanged 0" in text
    assert "GET /orders/{id} GET /v2/orders/{id}" in text
    assert "GET /orders summary" in text
    assert "Missing in the document They stay as they are" in text
    Endpoint.objects.filter(product=product, path="/status").update(operation={"summary": "Changed meanwhile"})
    answer = client.post(f"{page}apply/", {"seen": "0" * 32, "back": page}, follow=True)
    assert "have changed since this was shown" in text_of(answer)
    assert apply(client, page, remove_missing="on").status_code == 302
    paths = set(product.endpoints.current().values_list("path", flat=True))
    assert paths == {"/orders", "/v2/orders/{id}", "/new"}
    assert "This document was applied" in words(client, page)
    text = words(client, imports)
    assert text.count("Shop 1.0.0") == 2
    assert "shop.yaml" in text

    for ending, read in (("json", json.loads), ("yaml", yaml.safe_load)):
        answer = client.get(f"/products/{product.slug}/openapi.{ending}")
        assert answer.headers["Content-Disposition"] == f'attachment; filename="shop.openapi.{ending}"'
        assert set(read(answer.content)["paths"]) == paths
        assert Client().get(f"/products/{product.slug}/openapi.{ending}").status_code == 404, "a draft"
    assert Client().get(f"/products/{ours.product.slug}/openapi.json").status_code == 200


def test_what_cannot_be_read_is_said_at_its_field(ours: World, client: Client) -> None:
    url = ours.url("studio-imports")
    for body in (
        {"source": "paste", "document": "openapi: 3.1.0\na: &x [*x]"},
        {"source": "url", "url": "http://169.254.169.254/latest"},
        {"source": "upload"},
        {"source": "?"},
    ):
        answer = client.post(url, body)
        assert answer.status_code == 422
        assert 'class="field-error"' in answer.content.decode()
    assert OpenApiImport.objects.filter(product=ours.product).count() == 1
    for source, control in (("paste", "<textarea"), ("url", 'name="url"'), ("upload", 'type="file"')):
        assert control in client.get(url, {"from": source}).content.decode()


def test_an_import_is_discarded(ours: World, client: Client) -> None:
    assert client.post(ours.url("studio-import-discard")).status_code == 302
    assert client.get(ours.url("studio-import")).status_code == 404
    assert ours.product.endpoints.current().count() == 1
