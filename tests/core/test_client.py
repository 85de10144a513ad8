"""What the web process makes of a request's headers; the rule itself is in `test_peers`."""

from django.conf import settings as django_settings
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from apps.core.client import client_address
from apps.core.middleware import ForwardedSchemeMiddleware
from apps.core.peers import UNKNOWN

PEER = "198.18.0.9"


def request(*, peer: str = PEER, secure: bool = False, **headers: str) -> HttpRequest:
    return RequestFactory().get("/", REMOTE_ADDR=peer, secure=secure, headers=headers)


def scheme_of(made: HttpRequest) -> str | None:
    """The scheme that the views see, which the middleware decides."""

    def view(seen: HttpRequest) -> HttpResponse:
        return HttpResponse(seen.scheme)

    return ForwardedSchemeMiddleware(view)(made).content.decode()


def test_without_trusted_proxies_headers_mean_nothing(settings: Settings) -> None:
    settings.TRUSTED_PROXY_HOPS = 0
    made = request(x_forwarded_for="1.2.3.4", x_forwarded_proto="https")
    assert client_address(made) == PEER
    assert scheme_of(made) == "http"
    assert client_address(request(peer="")) == UNKNOWN
    assert scheme_of(request(secure=True)) == "https"


def test_a_trusted_proxy_is_believed(settings: Settings) -> None:
    settings.TRUSTED_PROXY_HOPS = 1
    made = request(x_forwarded_for="6.6.6.6, 203.0.113.7", x_forwarded_proto="http, https")
    assert client_address(made) == "203.0.113.7"
    assert scheme_of(made) == "https"
    # Django alone would take the first.
    assert scheme_of(request(x_forwarded_proto="https, http")) == "http"


def test_the_middleware_comes_before_everything_that_asks_for_the_scheme() -> None:
    order = [name.rpartition(".")[2] for name in django_settings.MIDDLEWARE]
    # Only the count of requests stands before it, which asks for none.
    assert order[:3] == ["RequestMetricsMiddleware", "ForwardedSchemeMiddleware", "SecurityMiddleware"]
