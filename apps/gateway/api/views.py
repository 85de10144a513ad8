"""What a program with an API key asks the web process: about its key, and for a first call."""

from typing import Any, cast

from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.rest.base import RestView
from apps.core.rest.operations import operation
from apps.gateway.actions import ActionRefused, ActionResult, run_action
from apps.gateway.api.authentication import CHALLENGE, ApiKeyAuthentication, sent_key
from apps.gateway.api.serializers import ActionInput, ActionSerializer, KeyMeSerializer
from apps.gateway.engine.admission.credentials import QUERY_PARAMETER
from apps.keys.models import ApiKey
from apps.usage.selectors import quota_usage


class KeyMeView(RestView):
    authentication_classes = [ApiKeyAuthentication]
    security = ("apiKey",)
    other_parameters = frozenset({QUERY_PARAMETER})

    @operation(
        "getKeyMe", "Show what your API key is", tag="Keys",
        description="Authenticated by the key itself: what it may do, and what is left of its quotas. Asked for from "
        "where the product or the key takes no calls, it is 403 `ip_not_allowed`; lists of single endpoints are not "
        "looked at.",
        answer=KeyMeSerializer, errors=(403,),
    )  # fmt: skip
    def get(self, request: Request) -> dict[str, Any]:
        key = cast(ApiKey, request.auth)
        return {"key": key, "quotas": quota_usage(key.subscription)}


class ActionsView(RestView):
    security = ("apiKey",)
    other_parameters = frozenset({QUERY_PARAMETER})

    @operation(
        "runAction", "Call the built-in product through the gateway", tag="Hello",
        description="Sends your API key of the product Hello to the gateway, which checks and meters the call as any "
        "other. An error of the gateway comes with its own status and code.",
        body=ActionInput, answer=ActionSerializer, errors=(402, 403, 409, 502, 504),
        examples={"request": {"action": "hello.echo", "input": {"message": "hello"}}},
    )  # fmt: skip
    def post(self, request: Request) -> ActionResult:
        return run_action(action=self.body["action"], value=self.body["input"], api_key=sent_key(request))

    def get_authenticate_header(self, request: Request) -> str:
        """The gateway is who asks for the key; a request without one is told so as there."""
        return CHALLENGE

    def handle_exception(self, exc: Exception) -> Response:
        answer = super().handle_exception(exc)
        if isinstance(exc, ActionRefused) and exc.challenge:
            answer["WWW-Authenticate"] = exc.challenge
        return answer
