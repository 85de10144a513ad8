"""What the front page says about the gateway: the checks in their order, and the reply of a call that passes them."""

from collections.abc import Iterable
from typing import NamedTuple

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.portal.marketplace.documentation import document
from apps.products.models import Product
from apps.products.samples.request import KEY_PLACEHOLDER
from apps.products.selectors import find_simplest_get


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

# A reply to a call that passes them, with the headers that the gateway adds; the numbers are an example.
REPLY_HEAD = """\
HTTP/1.1 200 OK
RateLimit-Policy: "per-second";q=20;w=1, "monthly";q=50000;w=2592000
RateLimit: "per-second";r=19;t=2, "monthly";r=41588;t=811200
Server-Timing: gw;dur=0.4, origin;dur=38.1"""


def sample_call(products: Iterable[Product]) -> str:
    """A call for a terminal to the first of these products that can be called by GET; where none can, its form."""
    for product in products:
        endpoint = find_simplest_get(product)
        if endpoint is not None:
            curl, *_others = document(product, endpoint).samples
            return curl.code.replace("curl ", "curl -i ", 1)
    return f'curl -i {settings.GATEWAY_URL}/PRODUCT/ENDPOINT \\\n  -H "Authorization: Bearer {KEY_PLACEHOLDER}"'
