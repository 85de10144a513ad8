"""People who use the REST API of a running installation, and nothing else of it."""

import json
import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.test import Client

from tests.api.client import Api
from tests.client import call
from tests.scenarios.installation import Installation
from tests.scenarios.portal import PASSWORD

SIGN_IN = "/_allauth/app/v1"


class HttpClient(Client):
    """Sends what Django's client is given to the web process, so that `Api` and its checks work over HTTP."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.base_url = base_url

    def generic(self, method: str, path: str, data: Any = "", content_type: str = "", **extra: Any) -> HttpResponse:
        query = "&".join(f"{name}={value}" for name, value in (extra["query_params"] or {}).items())
        headers = {**extra["headers"], **({"Content-Type": content_type} if content_type else {})}
        body = data.encode() if isinstance(data, str) else data
        url = f"{self.base_url}{path}" + (f"?{query}" if query else "")
        answer = call(method, url, headers=headers, body=body or None)
        return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers.items()))


@dataclass(frozen=True)
class Person:
    """Somebody with a JWT; `organization` is the slug of their personal organization."""

    api: Api
    organization: str


def sign_up(installed: Installation, email: str) -> Person:
    """Create an account and confirm its address, as a program of one's own would."""
    base_url = installed.web.url
    _post(base_url, "/auth/signup", {"email": email, "password": PASSWORD}, status=401)
    link = re.search(r"/account/confirm-email/([^/\s]+)/", installed.mail_to(email).body)
    assert link is not None
    _post(base_url, "/auth/email/verify", {"key": link[1]}, status=401)
    entered = _post(base_url, "/auth/login", {"email": email, "password": PASSWORD}, status=200)
    api = Api(entered["meta"]["access_token"], client=HttpClient(base_url))
    (organization,) = api.get("/organizations").data
    api.headers["X-Organization"] = organization["slug"]
    return Person(api, organization["slug"])


def _post(base_url: str, path: str, body: dict[str, str], *, status: int) -> Any:
    answer = call(
        "POST",
        f"{base_url}{SIGN_IN}{path}",
        headers={"Content-Type": "application/json"},
        body=json.dumps(body).encode(),
    )
    assert answer.status == status, answer.text
    return answer.json()
