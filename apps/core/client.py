"""Which address a request of the web process came from: the key of every limit per IP."""

from django.conf import settings
from django.http import HttpRequest

from apps.core import peers


def client_address(request: HttpRequest) -> str:
    """The client's IP address, as far as the trusted proxies vouch for it."""
    return peers.client_address(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        trusted_hops=settings.TRUSTED_PROXY_HOPS,
    )
