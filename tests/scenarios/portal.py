"""People who use the portal's forms, without a browser: what they send is what the pages' forms send."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.core import mail
from django.http import HttpResponse
from django.test import Client

PASSWORD = "a long password of nobody"


@dataclass
class Visitor:
    """Somebody with cookies; `organization` is the address of their personal organization."""

    email: str
    client: Client = field(default_factory=Client)
    organization: str = ""

    def read(self, path: str) -> HttpResponse:
        """The page at the path, which must be there."""
        answer = self.client.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer

    def send(self, path: str, values: Mapping[str, object] | None = None, *, status: int = 302) -> HttpResponse:
        """Send a form, which must be answered with this status."""
        answer = self.client.post(path, values or {})
        assert answer.status_code == status, f"{path}: {answer.status_code}\n{answer.content.decode()}"
        return answer

    def sign_up(self) -> None:
        """Create the account and confirm the address with the link in the mail."""
        self.send("/account/signup/", {"email": self.email, "password1": PASSWORD})
        (message,) = [message for message in mail.outbox if message.to == [self.email]]
        found = re.search(r"http://[^/\s]+(/account/confirm-email/\S+)", str(message.body))
        assert found is not None, message.body
        self.send(found[1])
        home = self.client.get("/")
        assert home.status_code == 302, "who has confirmed the address is signed in"
        found = re.fullmatch(r"/o/([^/]+)/", home["Location"])
        assert found is not None, home["Location"]
        self.organization = found[1]


def plan_form(
    *, name: str, tier: str, quotas: list[tuple[int, str]], limits: list[tuple[int, str, str]]
) -> dict[str, object]:
    """The form of a plan: quotas are (units, period), limits (calls, window, endpoint or "")."""
    form: dict[str, object] = {"name": name, "tier": tier, "price": "0", "interval": "month"}
    form |= {"overage": "block", "visibility": "public", "quota_on_change": "reset"}
    form |= {"quotas-TOTAL_FORMS": len(quotas), "quotas-INITIAL_FORMS": 0}
    form |= {"rate_limits-TOTAL_FORMS": len(limits), "rate_limits-INITIAL_FORMS": 0}
    for index, (units, period) in enumerate(quotas):
        row = {"included_units": units, "period": period, "anchor": "subscription"}
        form |= {f"quotas-{index}-{key}": value for key, value in row.items()}
    for index, (calls, window, endpoint) in enumerate(limits):
        row = {"max_calls": calls, "window": window, "endpoint": endpoint}
        form |= {f"rate_limits-{index}-{key}": value for key, value in row.items()}
    return form
