"""What the echo of the demo keeps to itself."""

import io
import json
from collections.abc import Iterable
from typing import Any
from wsgiref.util import setup_testing_defaults

from apps.demo.backends.httpbin import app


def echoed(**headers: str) -> dict[str, Any]:
    """The headers that `/headers` sends back."""
    environ: dict[str, Any] = {"PATH_INFO": "/headers", "wsgi.input": io.BytesIO(), **headers}
    setup_testing_defaults(environ)
    reply: Iterable[bytes] = app(environ, lambda *_: lambda _: None)
    found: dict[str, Any] = json.loads(b"".join(reply))["headers"]
    return found


def test_secrets_of_the_gateway_are_not_sent_back() -> None:
    headers = echoed(
        HTTP_X_APIFACTORY_PROXY_SECRET="afps_1", HTTP_X_RAPIDAPI_PROXY_SECRET="afps_1", HTTP_X_APIFACTORY_PLAN="pro"
    )
    assert headers["X-Apifactory-Plan"] == "pro"
    assert "afps_1" not in str(headers)
