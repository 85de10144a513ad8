"""The OpenAPI document is one, and the pages that show it are there."""

import re

import pytest
from django.test import Client
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from apps.accounts.enums import TokenScope
from tests.api.conformance import document


def operations() -> list[dict]:  # type: ignore[type-arg]
    return [operation for methods in document()["paths"].values() for operation in methods.values()]


def test_it_is_valid_openapi_31() -> None:
    assert document()["openapi"] == "3.1.0"
    validate(document(), cls=OpenAPIV31SpecValidator)


def test_operations_have_neat_names_of_their_own() -> None:
    names = [operation["operationId"] for operation in operations()]
    assert len(set(names)) == len(names) > 80
    assert [name for name in names if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name)] == []


def test_each_says_what_it_does_under_a_tag_that_is_described() -> None:
    tags = {tag["name"] for tag in document()["tags"]}
    for operation in operations():
        assert operation["summary"]
        assert set(operation["tags"]) <= tags
        assert operation.get("x-scope", "me:read") in [*TokenScope.values, "me:read"]
        assert {"400", "404", "429", "500", "503"} <= set(operation["responses"])


def test_every_scope_is_good_for_something() -> None:
    assert {operation.get("x-scope") for operation in operations()} - {None} == set(TokenScope.values)


@pytest.mark.django_db
def test_the_pages_load_nothing_from_elsewhere_and_run_no_script_of_their_own(client: Client) -> None:
    for page in ("/api/v1/docs", "/api/v1/redoc"):
        response = client.get(page)
        text = response.content.decode()
        assert response.status_code == 200
        assert "//" not in "".join(re.findall(r'(?:src|href)="([^"]*)"', text))
        assert not re.search(r"<script(?![^>]*src=)", text)
        assert "script-src 'self';" in response["Content-Security-Policy"] + ";"
