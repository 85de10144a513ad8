"""The HTTP side: keys, versions, idempotency, faults and errors around the table of resources."""

import asyncio
import base64
import hashlib
import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.stripe.calls import Call, Route, find_route
from tests.fakes.stripe.delivery import Target, Webhooks
from tests.fakes.stripe.errors import StripeError, invalid
from tests.fakes.stripe.expanding import expanded
from tests.fakes.stripe.faults import Fault, Faults
from tests.fakes.stripe.params import Params, decode
from tests.fakes.stripe.resources.accounts import require_access
from tests.fakes.stripe.world import API_VERSION, PLATFORM, Object, World, random_id

KEY_LONGEST = 255
# How long the answer to an idempotency key is kept at least.
KEY_LIFE_SECONDS = 86400
REQUESTS_KEPT = 2000

_SECRET_KEY = re.compile(r"(sk|rk)_test_\w{8,}")


@dataclass(frozen=True)
class Exchange:
    """One request to the API and its answer, for whoever observes."""

    method: str
    path: str
    template: str
    params: dict[str, Any]
    status: int
    answer: Object
    idempotency_key: str | None = None
    account: str = PLATFORM


@dataclass(frozen=True)
class Answer:
    status: int
    document: Object
    headers: dict[str, str] = field(default_factory=dict)


class DroppedError(Exception):
    """The connection is cut instead of an answer."""


class Server:
    def __init__(self, world: World) -> None:
        self.world = world
        self.faults = Faults()
        self.webhooks = Webhooks()
        self.targets: list[Target] = []
        self.requests: deque[Exchange] = deque(maxlen=REQUESTS_KEPT)
        self.observers: list[Callable[[Exchange], None]] = []
        self._running_keys: set[str] = set()
        world.on_event = self._send_event

    async def handle(self, request: web.Request) -> web.StreamResponse:
        try:
            answer = await self._answer(request)
        except DroppedError:
            assert request.transport is not None
            request.transport.abort()
            return web.Response(status=500)
        finally:
            self.world.save()
        return web.json_response(answer.document, status=answer.status, headers=answer.headers)

    async def _answer(self, request: web.Request) -> Answer:
        method, path = request.method, request.path
        key = request.headers.get("Idempotency-Key") if method == "POST" else None
        params = Params(decode(request.query_string if method == "GET" else await request.text()))
        account = request.headers.get("Stripe-Account") or PLATFORM
        call = Call(self.world, params, account, {}, random_id("req"), key)
        route, call.path = find_route(method, path) or (None, {})
        fault = self.faults.take(method, path)
        try:
            self._interrupt(fault)
            self._authenticate(request)
            if route is None:
                raise _unknown(method, path)
            require_access(self.world, account)
            answer = await self._once(call, route, f"{method} {path}", fault)
        except StripeError as error:
            answer = Answer(error.status, error.document)
        template = route.template if route else ""
        self._observe(Exchange(method, path, template, params.values, answer.status, answer.document, key, account))
        if fault is not None and fault.kind == "drop":
            raise DroppedError
        headers = {"Request-Id": call.request_id or "", "Stripe-Version": API_VERSION}
        return Answer(answer.status, answer.document, headers | answer.headers)

    async def _once(self, call: Call, route: Route, address: str, fault: Fault | None) -> Answer:
        """Carry the request out, unless its idempotency key was answered before."""
        key = call.idempotency_key
        if key is None:
            return await self._carry_out(call, route, fault)
        if len(key) > KEY_LONGEST:
            raise invalid(f"Idempotency keys have {KEY_LONGEST} characters at most.")
        slot = f"{call.account}:{key}"
        given = json.dumps([address, call.params.values], sort_keys=True)
        fingerprint = hashlib.sha256(given.encode()).hexdigest()
        if (saved := self._saved(slot)) is not None:
            if saved["fingerprint"] != fingerprint:
                raise StripeError(
                    400,
                    "idempotency_error",
                    "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                    f"Try using a key other than '{key}' if you meant to execute a different request.",
                )
            replayed = {"Idempotency-Key": key, "Idempotent-Replayed": "true", "Original-Request": saved["request"]}
            return Answer(saved["status"], saved["document"], replayed)
        if slot in self._running_keys:
            raise StripeError(
                409,
                "idempotency_error",
                f"There is currently another in-progress request using this Idempotency Key: {key}.",
                code="idempotency_key_in_use",
            )
        self._running_keys.add(slot)
        try:
            answer = await self._carry_out(call, route, fault)
        finally:
            self._running_keys.discard(slot)
        if answer.headers.pop("save", ""):
            self.world.saved_answers[slot] = {
                "fingerprint": fingerprint,
                "status": answer.status,
                "document": answer.document,
                "request": call.request_id,
                "at": self.world.now(),
            }
        return Answer(answer.status, answer.document, {"Idempotency-Key": key})

    async def _carry_out(self, call: Call, route: Route, fault: Fault | None) -> Answer:
        if fault is not None and fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        broken = StripeError(500, "api_error", "An unknown error occurred.", is_saved=True)
        try:
            if fault is not None and fault.kind == "error_before":
                raise broken
            call.params.require_known(route.accepts)
            call.params.require(*route.required)
            paths = [str(path) for path in call.params.items("expand")]
            document = expanded(self.world, call.account, route.handler(call), paths)
            if fault is not None and fault.kind == "error_after":
                raise broken
        except StripeError as error:
            return Answer(error.status, error.document, {"save": "yes"} if error.is_saved else {})
        return Answer(200, document, {"save": "yes"})

    def _interrupt(self, fault: Fault | None) -> None:
        """What goes wrong before anything is done."""
        if fault is None:
            return
        if fault.kind == "drop_before":
            raise DroppedError
        if fault.kind == "rate_limit":
            raise StripeError(429, "invalid_request_error", "Request rate limit exceeded.", code="rate_limit")
        if fault.kind == "unavailable":
            raise StripeError(503, "api_error", "Stripe is temporarily unavailable.")

    def _authenticate(self, request: web.Request) -> None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            given = base64.b64decode(given).decode().partition(":")[0]
        if not _SECRET_KEY.fullmatch(given):
            raise StripeError(
                401, "invalid_request_error", "Invalid API Key provided: this server takes sk_test_ only."
            )
        version = request.headers.get("Stripe-Version", API_VERSION)
        if version != API_VERSION:
            raise invalid(f"Invalid Stripe API version: {version}. This server speaks {API_VERSION}.")

    def _saved(self, slot: str) -> dict[str, Any] | None:
        saved = self.world.saved_answers.get(slot)
        if saved is not None and saved["at"] + KEY_LIFE_SECONDS < self.world.now():
            del self.world.saved_answers[slot]
            return None
        return saved

    def _observe(self, exchange: Exchange) -> None:
        self.requests.append(exchange)
        for observer in self.observers:
            observer(exchange)

    def _send_event(self, event: Object, account: str) -> None:
        for target in [*self.targets, *self._endpoints()]:
            if target.wants(event["type"], account):
                self.webhooks.send(target, event)

    def _endpoints(self) -> list[Target]:
        return [
            Target(
                endpoint["url"],
                tuple(private["secrets"]),
                frozenset(endpoint["enabled_events"]),
                private["is_connect"],
            )
            for endpoint in self.world.of_kind(PLATFORM, "webhook_endpoint")
            if endpoint["status"] == "enabled" and (private := self.world.private[endpoint["id"]])
        ]


def _unknown(method: str, path: str) -> StripeError:
    return StripeError(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path}).")
