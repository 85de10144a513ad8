"""The built-in product Hello, and calling it through the gateway on behalf of somebody with a key of it.

`POST /api/v1/actions` is for a first try: the web process sends the caller's own key to the real gateway, which
checks, meters and forwards the call as any other, to the hello endpoints of this very installation.
"""

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop

from apps.accounts.access import Actor
from apps.core.errors import DomainError
from apps.gateway import hello
from apps.plans.enums import QuotaPeriodUnit, RateWindow
from apps.plans.models import Plan
from apps.plans.services import create_plan, publish_plan
from apps.plans.specs import PlanSpec, QuotaSpec, RateLimitSpec
from apps.products.models import Product
from apps.products.services import add_endpoint, create_product, publish_product

HELLO_SLUG = "hello"
_TIMEOUT_SECONDS = 35.0
_ANSWER_BYTES_MAX = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Action:
    method: str
    path: str
    operation: dict[str, Any]


ACTIONS = {
    "hello.ping": Action("GET", "/ping", hello.PING),
    "hello.echo": Action("POST", "/echo", hello.ECHO),
}


class GatewayUnreachable(DomainError):
    code = "gateway_unreachable"
    status = 502
    message = gettext_noop("The gateway gave no answer. Try again in a moment.")


class ActionRefused(DomainError):
    """The answer of the gateway, or of the backend behind it, where it is an error: with its status and code.

    `challenge` is the header `WWW-Authenticate` of a 401.
    """

    def __init__(self, status: int, code: str, message: str, request_id: str, challenge: str) -> None:
        super().__init__(message, request_id=request_id)
        self.status = status
        self.code = code
        self.challenge = challenge


@dataclass(frozen=True, slots=True)
class ActionResult:
    action: str
    request_id: str
    output: Any


def run_action(*, action: str, value: Any, api_key: str) -> ActionResult:
    """Call the endpoint of the built-in product that the action names, through the gateway, with this key.

    Raises `ActionRefused` where the gateway or the backend refuses, `GatewayUnreachable`.
    """
    called = ACTIONS[action]
    body = None if called.method == "GET" else json.dumps(value).encode()
    status, headers, content = _call_gateway(called.method, f"/{HELLO_SLUG}{called.path}", api_key, body)
    request_id = headers.get("X-Request-Id", "")
    try:
        document = json.loads(content)
    except ValueError:
        raise GatewayUnreachable from None
    if not isinstance(document, dict):
        raise GatewayUnreachable
    if status >= 400:
        # A problem document of the gateway, or the envelope of the hello API.
        problem = document.get("error") or document
        message = problem.get("message") or problem.get("detail") or ""
        challenge = headers.get("WWW-Authenticate", "")
        raise ActionRefused(status, str(problem.get("code", "refused")), str(message), request_id, challenge)
    return ActionResult(action, request_id, document.get("data"))


def ensure_hello_product(*, actor: Actor, upstream_url: str = "") -> Product:
    """The built-in product, published with a free plan; made for the actor's organization where there is none.

    Its backend is the hello API of this installation's web process, at `WEB_URL` unless another address of it is
    given; a private one must be in `UPSTREAM_ALLOW`.
    """
    existing = Product.objects.filter(slug=HELLO_SLUG).first()
    return (
        existing
        if existing is not None
        else _make_hello_product(actor, upstream_url or f"{settings.WEB_URL}/api/v1/hello")
    )


@transaction.atomic
def _make_hello_product(actor: Actor, upstream_url: str) -> Product:
    product = create_product(
        actor=actor,
        name="Hello",
        slug=HELLO_SLUG,
        upstream_url=upstream_url,
        tagline="A first call through the gateway",
        description="Two endpoints to try the gateway with: one says hello, one gives back what you send.",
    )
    tier = product.tiers.get()
    for action in ACTIONS.values():
        add_endpoint(
            actor=actor, product=product, method=action.method, path=action.path, tier=tier,
            operation=action.operation,
        )  # fmt: skip
    spec = PlanSpec(
        name="Free",
        tier_slug=tier.slug,
        quotas=(QuotaSpec(10_000, QuotaPeriodUnit.MONTH),),
        rate_limits=(RateLimitSpec(60, RateWindow.MINUTE),),
    )
    plan: Plan = create_plan(actor=actor, product=product, spec=spec)
    publish_plan(actor=actor, plan=plan)
    return publish_product(actor=actor, product=product)


def _call_gateway(
    method: str, path: str, api_key: str, body: bytes | None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    address = urlsplit(settings.GATEWAY_URL)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=_TIMEOUT_SECONDS)
    headers = {"X-Api-Key": api_key, "Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    try:
        connection.request(method, f"{address.path.rstrip('/')}{path}", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read(_ANSWER_BYTES_MAX)
    except (OSError, socket.gaierror, http.client.HTTPException):
        raise GatewayUnreachable from None
    finally:
        connection.close()
