"""What the front page says about the gateway: the checks in their order, and the reply of a call that passes them."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Check(NamedTuple):
    """A question that the gateway asks each call, and how it answers where the answer is no."""

    question: str | Promise
    status: int
    code: str


CHECKS = (
    Check(_("Is there such an endpoint?"), 404, "route_not_found"),
    Check(_("Is the key known, not revoked, not expired?"), 401, "key_invalid"),
    Check(_("Is its subscription to this product active?"), 403, "subscription_inactive"),
    Check(_("Does the plan include the endpoint?"), 403, "plan_upgrade_required"),
    Check(_("Is the call within the rate limit?"), 429, "rate_limited"),
    Check(_("Is something left of the quota?"), 429, "quota_exceeded"),
)

REPLY_HEAD = """\
HTTP/1.1 200 OK
RateLimit-Policy: "per-second";q=20;w=1, "monthly";q=50000;w=2592000
RateLimit: "per-second";r=19;t=2, "monthly";r=41588;t=811200
Server-Timing: gw;dur=0.4, origin;dur=38.1"""


def sample_call(gateway_url: str) -> str:
    """A call and what comes back, as a terminal shows it."""
    return (
        f'$ curl -i "{gateway_url}/weather/v1/forecast?city=Oslo" \\\n'
        f'    -H "Authorization: Bearer $API_KEY"\n\n{REPLY_HEAD}'
    )
