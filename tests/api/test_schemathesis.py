"""Our own document against our own API: what is described is what is answered, and nothing is an error of ours."""

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from apps.notifications.models import Notice
from tests.api.world import World

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
# These would end what the other operations are tried on.
LAST = ("delete", "revoke", "cancel", "unpublish", "withdraw", "decline", "retire")
OPERATIONS = sorted(
    (result.ok() for result in schema.get_all_operations()),
    key=lambda one: any(word in one.label.lower() for word in LAST),
)
TAGS = sorted({operation.tags[0] for operation in OPERATIONS})


def identifiers(world: World) -> dict[str, list[str]]:
    """What stands for a path parameter: of something that exists, and of what belongs to nobody."""
    more = {
        "plan_id": [world.draft_plan.public_id],
        "tier": [world.spare_tier.slug],
        "organization_id": [world.consumer.actor.organization.public_id],
        "invoice_id": [world.checkout.invoice.public_id],
        "notice_id": [notice.public_id for notice in Notice.objects.all()],
    }
    return {name: [known, *more.get(name, [])] for name, known in world.ids.items()}


def callers(world: World) -> list[dict[str, str]]:
    """The headers of each who asks."""
    tokens = [party.api.token for party in (world.creator, world.consumer, world.stranger)]
    return [{"Authorization": f"Bearer {token}"} for token in tokens]


def sweep(world: World, examples: int, operations: list[Any]) -> dict[str, Counter[int]]:
    """Try every operation as everybody; what each was answered with."""
    known, headers, key = identifiers(world), callers(world), {"X-Api-Key": world.secret}
    return {
        operation.label: try_out(operation, examples, known, [key, *headers] if _takes_key(operation) else headers)
        for operation in operations
    }


def try_out(operation: Any, examples: int, known: dict[str, list[str]], headers: list[dict[str, str]]) -> Counter[int]:
    seen: Counter[int] = Counter()

    @given(case=operation.as_strategy(), choice=st.randoms(use_true_random=False))
    @settings(
        max_examples=examples,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    def answers(case: Any, choice: Any) -> None:
        for name in case.path_parameters or {}:
            if name in known and choice.random() < 0.9:
                case.path_parameters[name] = choice.choice(known[name])
        example = _example(operation)
        if example is not None and choice.random() < 0.4:
            case.body = example
        for sent in headers:
            response = case.call(headers=sent)
            # There is no gateway in this test to relay to.
            relayed = operation.path.endswith("/actions") and response.status_code == 502
            case.validate_response(response, checks=CHECKS[1:] if relayed else CHECKS)
            seen[response.status_code] += 1

    answers()
    return seen


def _takes_key(operation: Any) -> bool:
    return {"apiKey": []} in operation.definition.raw["security"]


def _example(operation: Any) -> Any:
    """The body that the document shows for the operation; None where it shows none."""
    content = operation.definition.raw.get("requestBody", {}).get("content", {}).get("application/json", {})
    return content.get("examples", {}).get("request", {}).get("value")


@pytest.fixture(autouse=True)
def _no_limits(settings: Any) -> Iterator[None]:
    settings.REST_RATE_CALLER = settings.REST_RATE_ADDRESS = "1000000/m"
    logging.disable(logging.WARNING)
    # The application is called as a server would call it, and yet within the transaction of the test.
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)
    logging.disable(logging.NOTSET)


def test_every_operation_answers_as_the_document_says(world: World) -> None:
    sweep(world, 1, OPERATIONS)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("tag", TAGS)
def test_every_operation_answers_as_the_document_says_at_length(world: World, tag: str) -> None:
    sweep(world, 30, [operation for operation in OPERATIONS if tag in operation.tags])
