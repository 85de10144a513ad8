"""What the demo's documentation says is what its backends answer."""

import http.client
import json
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jsonschema

from apps.demo.backends.cities import CITIES
from apps.demo.fixtures import EndpointFixture, Marketplace, ProductFixture
from apps.demo.traffic import RHYTHMS
from tests.processes import Server


def product_of(marketplace: Marketplace, slug: str) -> ProductFixture:
    return next(product for product in marketplace.products if product.slug == slug)


def call_example(server: Server, endpoint: EndpointFixture) -> tuple[int, str, bytes]:
    """Send the documented example to the backend; returns status, content type and body."""
    path, query = endpoint.upstream_path or endpoint.path, {}
    for parameter in endpoint.operation.get("parameters", []):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(str(parameter["example"]), safe=""))
        else:
            query[parameter["name"]] = parameter["example"]
    content = endpoint.operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = json.dumps(content["example"]) if content else None
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=20)
    try:
        headers = {"Content-Type": "application/json"} if body else {}
        connection.request(endpoint.method, f"{path}?{urlencode(query)}" if query else path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers.get_content_type(), answer.read()
    finally:
        connection.close()


def check_example(server: Server, endpoint: EndpointFixture) -> None:
    status, content_type, body = call_example(server, endpoint)
    documented = {int(code): response for code, response in endpoint.operation["responses"].items() if code[0] == "2"}
    assert status in documented, (endpoint.name, status, body[:200])
    content = documented[status].get("content", {})
    if not content:
        assert body == b"", endpoint.name
        return
    assert content_type in content, endpoint.name
    media = content[content_type]
    if content_type != "application/json":
        assert body
        return
    for line in body.splitlines() if b"\n{" in body else [body]:
        answered = json.loads(line)
        jsonschema.validate(answered, media.get("schema", {}))
        example = json.loads(media["example"]) if isinstance(media["example"], str) else media["example"]
        assert set(answered) == set(example), endpoint.name


def test_weather_answers_as_documented(marketplace: Marketplace, weather_server: Server) -> None:
    for endpoint in product_of(marketplace, "weather").endpoints:
        check_example(weather_server, endpoint)


def test_httpbin_answers_as_documented(marketplace: Marketplace, httpbin_server: Server) -> None:
    for endpoint in product_of(marketplace, "placeholder-images").endpoints:
        check_example(httpbin_server, endpoint)


def test_examples_fit_their_own_schemas(marketplace: Marketplace) -> None:
    for product in marketplace.products:
        for endpoint in product.endpoints:
            for media in _media(endpoint):
                schema = media.get("schema", {})
                jsonschema.Draft202012Validator.check_schema(schema)
                if isinstance(media.get("example"), dict):
                    jsonschema.validate(media["example"], schema)


def test_every_operation_is_complete(marketplace: Marketplace) -> None:
    documented = [product for product in marketplace.products if product.endpoints[0].operation]
    assert {product.slug for product in documented} == {"weather", "placeholder-images"}
    for product in documented:
        assert len({endpoint.operation["operationId"] for endpoint in product.endpoints}) == len(product.endpoints)
        for endpoint in product.endpoints:
            in_path = {p["name"] for p in endpoint.operation.get("parameters", []) if p["in"] == "path"}
            assert in_path == {part.split("}")[0] for part in endpoint.path.split("{")[1:]}
            assert endpoint.operation["summary"]
            assert endpoint.operation["responses"]
            for parameter in endpoint.operation.get("parameters", []):
                jsonschema.validate(parameter["example"], parameter["schema"])


def test_names_within_the_fixtures_lead_somewhere(marketplace: Marketplace) -> None:
    people = {person.email for person in marketplace.people}
    companies = {company.slug for company in marketplace.companies}
    for company in marketplace.companies:
        assert {company.owner, *(member.email for member in company.members)} <= people
    for product in marketplace.products:
        assert product.organization in companies
        names = {endpoint.name for endpoint in product.endpoints}
        assert {limit.endpoint for plan in product.plans for limit in plan.rate_limits} <= names | {None}
        assert {wish.endpoint for wish in product.deprecated} <= names
    began = {(act.who, act.product): act for act in reversed(marketplace.story) if act.do == "subscribe"}
    for subscription in marketplace.subscriptions:
        assert subscription.consumer in people | companies
        product = product_of(marketplace, subscription.product)
        assert set(subscription.traffic.endpoints) <= {endpoint.name for endpoint in product.endpoints}
        assert subscription.traffic.rhythm in RHYTHMS
        assert began[subscription.consumer, subscription.product].days_ago < product.published_days_ago


def test_the_description_counts_the_cities_right(marketplace: Marketplace) -> None:
    assert f"Weather for {len(CITIES)} cities" in product_of(marketplace, "weather").description


def _media(endpoint: EndpointFixture) -> list[dict[str, Any]]:
    parts = [endpoint.operation.get("requestBody", {}), *endpoint.operation.get("responses", {}).values()]
    return [media for part in parts for media in part.get("content", {}).values()]
