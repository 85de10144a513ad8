"""Code samples can be pasted and run: every value is quoted by the rules of its language."""

import ast
import json
import shlex
from typing import Any

import pytest

from apps.products.openapi.operation import parse_operation
from apps.products.paths import parse_template
from apps.products.samples import SampleRequest, code_samples
from apps.products.samples.request import sample_request

BASE = "https://gateway.example.com/weather"
NASTY = 'it\'s "$(rm -rf ~)" `x` \\ \n{a,b} é'


def sample(operation: dict[str, Any], *, method: str = "GET", path: str = "/forecast", key: str = "k") -> SampleRequest:
    template = parse_template(path)
    parsed = parse_operation(operation, path_parameters=template.parameters)
    return sample_request(method=method, template=template, operation=parsed, base_url=BASE, key=key)


def curl_arguments(request: SampleRequest) -> list[str]:
    """What a shell makes of the command."""
    return shlex.split(code_samples(request)[0].code.replace("\\\n", " "))


def test_the_shortest_call_has_the_key_and_the_required_parameters_only() -> None:
    operation = {
        "parameters": [
            {"name": "lat", "in": "query", "required": True, "schema": {"type": "number", "example": 52.5}},
            {"name": "days", "in": "query", "schema": {"type": "integer"}},
        ]
    }
    assert curl_arguments(sample(operation)) == ["curl", f"{BASE}/forecast?lat=52.5", "-H", "Authorization: Bearer k"]


def test_path_parameters_are_filled_in() -> None:
    operation = {"parameters": [{"name": "year", "in": "path", "schema": {"type": "integer", "example": 2025}}]}
    assert sample(operation, path="/history/{year}/{month}.json").url == f"{BASE}/history/2025/MONTH.json"


def test_a_body_is_sent_as_json() -> None:
    operation = {"requestBody": {"content": {"application/json": {"example": {"name": NASTY}}}}}
    request = sample(operation, method="POST")
    arguments = curl_arguments(request)
    assert arguments[1:3] == ["-X", "POST"]
    assert json.loads(arguments[arguments.index("--data-raw") + 1]) == {"name": NASTY}
    assert "Content-Type: application/json" in arguments


@pytest.mark.parametrize("value", [NASTY, ["a b", NASTY], 1, True, {"a": NASTY}, None])
@pytest.mark.parametrize("location", ["query", "path", "header"])
def test_no_value_breaks_out_of_its_quotes(location: str, value: Any) -> None:
    operation = {
        "parameters": [{"name": "id", "in": location, "required": True, "example": value}],
        "requestBody": {"content": {"text/plain": {"example": NASTY}}},
    }
    request = sample(operation, method="PUT", path="/x/{id}" if location == "path" else "/x")
    curl, python, javascript, _ = code_samples(request)
    arguments = shlex.split(curl.code.replace("\\\n", " "))
    assert arguments[0] == "curl"
    assert request.url in arguments
    assert arguments.count("-H") == len(request.headers)
    ast.parse(python.code)
    assert json.dumps(request.url) in javascript.code


def test_the_python_sample_calls_requests_with_the_same_values() -> None:
    operation = {"requestBody": {"content": {"application/json": {"example": {"name": NASTY, "n": [1, None, True]}}}}}
    request = sample(operation, method="POST")
    call = next(
        node
        for node in ast.walk(ast.parse(code_samples(request)[1].code))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "post"
    )
    arguments = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    assert ast.literal_eval(call.args[0]) == request.url
    assert arguments["json"] == {"name": NASTY, "n": [1, None, True]}
    assert arguments["headers"] == {"Authorization": "Bearer k"}
