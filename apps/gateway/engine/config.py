"""What an operator decides about the engine."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineConfig:
    # Below it each product has a host of its own; "" for none.
    domain: str = ""
    # The documentation of a product for people, with {slug}.
    product_page: str = ""
    # How many calls this process has on their way at once; more get 503.
    max_concurrent: int = 2000
    # How many connections this process has to the backend of one product at most.
    backend_connections: int = 256
    # Names of the portal's cookies: neither sent to backends nor taken from them.
    reserved_cookies: frozenset[bytes] = frozenset()
    # What this gateway is called in Via.
    pseudonym: str = "api-factory"
    # No progress for so long while a client sends its body or takes an answer: the call is given up.
    client_idle_seconds: float = 60.0
    # Nothing passed through a WebSocket, either way, for so long: it is closed.
    tunnel_idle_seconds: float = 600.0
    # How often a long answer says how far it has come.
    progress_seconds: float = 1.0
