"""A document from an address: through the guard on outgoing addresses, whole or not at all."""

from django.conf import settings

from apps.core.http import fetch
from apps.products.openapi.reading.limits import BYTES_MAX

# What is fetched is read within a second; a person waits for both, and so does a process of the web.
SECONDS = 4.0


def fetch_document(url: str, *, field: str = "url") -> bytes:
    """The bytes at the address. Raises `AddressRefused`, `FetchFailed` or `Invalid`. Not inside a transaction."""
    return fetch(url, max_bytes=BYTES_MAX, seconds=SECONDS, allow=settings.UPSTREAM_ALLOW, field=field).body
