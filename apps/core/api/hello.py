"""The hello API that a first integration calls; behind the gateway, it is the backend of the built-in product."""

from typing import Any

from django.utils.decorators import method_decorator
from django_ratelimit.decorators import ratelimit
from rest_framework import serializers
from rest_framework.request import Request

from apps.core import clock
from apps.core.rest.base import RestView
from apps.core.rest.fields import Answer
from apps.core.rest.operations import operation


class PongSerializer(Answer):
    message = serializers.ChoiceField(["pong"])
    time = serializers.DateTimeField(help_text="The time of this installation.")


class PingView(RestView):
    throttle_classes = []
    other_parameters = None

    @operation("ping", "Say hello", tag="Hello", answer=PongSerializer)
    def get(self, request: Request) -> dict[str, Any]:
        return {"message": "pong", "time": clock.now()}


class EchoSerializer(Answer):
    echo = serializers.JSONField(help_text="What was sent.")


class EchoView(RestView):
    """Answers with the JSON that was sent, so that a first integration can see its own request."""

    throttle_classes = []
    other_parameters = None

    @method_decorator(ratelimit(key="ip", rate="120/m"))
    @operation(
        "echo", "Get back what you send", tag="Hello", any_body=True, answer=EchoSerializer,
        examples={"request": {"message": "hello"}, "echoed": {"echo": {"message": "hello"}}},
    )  # fmt: skip
    def post(self, request: Request) -> Any:
        return {"echo": request.data}
