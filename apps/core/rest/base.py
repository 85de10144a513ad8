"""The base of every view of the REST API that has operations."""

from typing import Any

from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.envelope import new_request_id
from apps.core.rest.throttling import AddressThrottle


class RestView(APIView):
    """Open to everybody; `apps.accounts.rest` has those that know who asks.

    An operation finds its checked input in `query` and `body`.
    """

    query: dict[str, Any]
    body: dict[str, Any]
    throttle_classes = [AddressThrottle]
    # Of the query, what no operation reads itself; None: anything, as whoever calls is free to send what they want.
    other_parameters: frozenset[str] | None = frozenset()

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """What has no envelope has an id all the same."""
        final = super().finalize_response(request, response, *args, **kwargs)
        if not isinstance(final, Response):
            final["X-Request-Id"] = new_request_id()
        return final

    @property
    def caller(self) -> str:
        """Whose idempotency keys count here; empty: nobody's."""
        return ""

    def check_scope(self, scope: str) -> None:
        """Raises `ScopeMissing` where the request carries less; nobody's request carries none."""
