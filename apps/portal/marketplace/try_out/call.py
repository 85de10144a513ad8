"""A call that somebody filled in, as bytes for the gateway and as a sample to copy."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from apps.gateway.engine.admission.credentials import QUERY_PARAMETER
from apps.products.models import Endpoint, Product
from apps.products.openapi.operation import Parameter
from apps.products.paths import parse_template
from apps.products.samples import SampleRequest
from apps.products.samples.request import KEY_PLACEHOLDER

# What RFC 9110 lets the name of a header be.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# Headers that say who calls, where to, and where the message ends: not for a form to set.
_RESERVED = frozenset(
    {
        "accept-encoding", "api-key", "authorization", "connection", "content-encoding", "content-length",
        "content-type", "cookie", "expect", "forwarded", "host", "keep-alive", "origin", "te", "trailer",
        "transfer-encoding", "upgrade", "via", "x-api-key", "x-rapidapi-key", "x-real-ip",
    }
)  # fmt: skip
_RESERVED_PREFIXES = ("proxy-", "sec-", "x-apifactory-", "x-forwarded-")


@dataclass(frozen=True)
class Call:
    """The values as they were typed. `content_type` is empty without a body."""

    endpoint: Endpoint
    path: dict[str, str]
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    content_type: str
    body: str

    def target(self, product: Product) -> str:
        """Path and query below the gateway's address. Every value is escaped: none can leave its place."""
        segments = [
            segment.prefix
            + (quote(self.path[segment.parameter], safe="") if segment.parameter else "")
            + segment.suffix
            for segment in parse_template(self.endpoint.path).segments
        ]
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe=',:')}" for name, value in self.query)
        return f"/{product.slug}/{'/'.join(segments)}" + (f"?{query}" if query else "")

    def sample(self, product: Product, base_url: str) -> SampleRequest:
        """The same call as a program would make it, with a key of its own; `base_url` is the gateway's."""
        headers = (("Authorization", f"Bearer {KEY_PLACEHOLDER}"), *self._headers())
        return SampleRequest(self.endpoint.method, base_url + self.target(product), headers, self.body)

    def wire_headers(self, secret: str) -> list[tuple[str, bytes]]:
        """The headers, with the key that is called with."""
        headers = (("Authorization", f"Bearer {secret}"), ("Accept-Encoding", "identity"), *self._headers())
        return [(name, value.encode()) for name, value in headers]

    def _headers(self) -> tuple[tuple[str, str], ...]:
        return (*self.headers, *((("Content-Type", self.content_type),) if self.content_type else ()))


def can_be_sent(parameter: Parameter) -> bool:
    """Whether a form may set it: not what the call itself depends on, such as its key."""
    name = parameter.name.lower()
    if parameter.location != "header":
        return (parameter.location, name) != ("query", QUERY_PARAMETER)
    return bool(_TOKEN.fullmatch(name)) and name not in _RESERVED and not name.startswith(_RESERVED_PREFIXES)
