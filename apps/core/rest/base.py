"""The base of every view of the REST API that has operations."""

from typing import Any

from rest_framework.views import APIView

from apps.core.rest.throttling import AddressThrottle


class RestView(APIView):
    """Open to everybody; `apps.accounts.rest` has those that know who asks.

    An operation finds its checked input in `query` and `body`.
    """

    query: dict[str, Any]
    body: dict[str, Any]
    throttle_classes = [AddressThrottle]

    @property
    def caller(self) -> str:
        """Whose idempotency keys count here; empty: nobody's."""
        return ""

    def check_scope(self, scope: str) -> None:
        """Raises `ScopeMissing` where the request carries less; nobody's request carries none."""
