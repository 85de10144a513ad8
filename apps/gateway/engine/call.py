"""One call on its way through the engine: what is known of it, for whoever answers and records it."""

from dataclasses import dataclass, field
from uuid import UUID

from apps.gateway.engine.admission.heads import Head
from apps.gateway.engine.admission.routes import Endpoint
from apps.gateway.engine.entities import Entitlement, KeyEntry, MockAnswer, ProductEntry
from apps.gateway.engine.messages.request import GatewayRequest, Header
from apps.keys.secret import TRACE
from apps.usage.counters.types import request_id

# What of a path a usage event or rejection keeps.
_RECORDED_PATH_MAX = 1000


@dataclass(slots=True)
class Call:
    """Filled in step by step: what is still None was not reached."""

    request: GatewayRequest
    event_id: UUID
    head: Head
    authority: str = ""  # the Host header
    host: str = ""  # its host name in lower case, without the port
    has_own_host: bool = False  # <slug>.<gateway domain>, not <gateway>/<slug>
    path: str = ""  # below the product
    body_length: int | None = 0  # None: chunked
    is_websocket: bool = False
    key_digest: bytes = b""
    product: ProductEntry | None = None
    endpoint: Endpoint | None = None
    key: KeyEntry | None = None
    entitlement: Entitlement | None = None  # set once the key is good for this product

    request_id: str = field(init=False)

    def __post_init__(self) -> None:
        self.request_id = request_id(self.event_id)

    @property
    def recorded_path(self) -> str:
        path = self.path
        if "live" in path or "test" in path:
            path = TRACE.sub("[redacted]", path)
        return path[:_RECORDED_PATH_MAX]


@dataclass(slots=True)
class Admitted:
    """A call that passed every check but the limits."""

    product: ProductEntry
    endpoint: Endpoint
    key: KeyEntry
    upstream_url: str  # of the backend that the key's mode calls
    upstream_path: str
    units: int  # that the call takes at most
    reports_units: bool  # the backend says in a header how many of them
    # What may be forwarded: without the key.
    headers: list[Header]
    query: bytes
    body_sha256: bytes | None = None  # that a signed body must have
    mock: MockAnswer | None = None  # what a test key gets where the product has no backend for it
