"""How many requests the REST API takes: counted in the cache, for each caller in fixed windows of a minute."""

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from apps.core.client import client_address

_GROUP = "rest"


def django_request(request: Request) -> HttpRequest:
    """The request as Django made it: for what goes by addresses and headers and knows nothing of the framework."""
    return request._request  # noqa: SLF001 - there is no other way to it


class AddressThrottle(BaseThrottle):
    """`REST_RATE_ADDRESS` for each address that a request came from."""

    seconds_left = 0

    def key_and_rate(self, request: Request) -> tuple[str, str]:
        return f"address:{client_address(django_request(request))}", settings.REST_RATE_ADDRESS

    def allow_request(self, request: Request, view: APIView) -> bool:
        key, rate = self.key_and_rate(request)

        def name(group: str, request: HttpRequest) -> str:
            return key

        usage = get_usage(django_request(request), group=_GROUP, key=name, rate=rate, increment=True)
        if usage is None or not usage["should_limit"]:
            return True
        self.seconds_left = max(1, usage["time_left"])
        return False

    def wait(self) -> float:
        return self.seconds_left
