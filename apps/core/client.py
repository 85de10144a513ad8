"""Which address a request came from: the key of every limit per IP."""

from django.conf import settings
from django.http import HttpRequest

from apps.core.peers import bare_address

# Where the server does not say (a Unix socket), all clients share one limit.
UNKNOWN = "0.0.0.0"  # noqa: S104 - an address that no client has, not one to bind to


def client_address(request: HttpRequest) -> str:
    """The client's IP address, as far as the trusted proxies vouch for it.

    Each of `TRUSTED_PROXY_HOPS` proxies appends the peer it saw to `X-Forwarded-For`, so the right one is
    that many from the right; what stands before it was sent by the client and proves nothing. Without
    trusted proxies, or with a header too short to have passed them all, it is the peer of the connection.
    """
    hops = settings.TRUSTED_PROXY_HOPS
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    candidates = [request.META.get("REMOTE_ADDR", "")]
    if 0 < hops <= len(forwarded):
        candidates.insert(0, forwarded[-hops])
    return next((address for text in candidates if (address := bare_address(text))), UNKNOWN)
