"""httpbin as the demo runs it: it sends back what it receives, but not the secrets that only the gateway and it know.

A WSGI program for gunicorn, `apps.demo.backends.httpbin:app`. A real backend compares the secret and refuses what
comes without it.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from httpbin import app as httpbin

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

# As WSGI names `X-ApiFactory-Proxy-Secret` and, of products that accept calls in RapidAPI's form, its twin.
SECRETS = ("HTTP_X_APIFACTORY_PROXY_SECRET", "HTTP_X_RAPIDAPI_PROXY_SECRET")


def app(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
    kept = {name: value for name, value in environ.items() if name not in SECRETS}
    reply: Iterable[bytes] = httpbin(kept, start_response)
    return reply
