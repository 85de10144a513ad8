"""A gateway for tests: a real uvicorn on a free port, in a thread of the test's process."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
from aiohttp.abc import AbstractResolver
from django.conf import settings

from apps.gateway.asgi import GatewayHandler
from apps.gateway.directory import OrmDirectory
from apps.gateway.engine.config import EngineConfig
from apps.gateway.engine.observation.health import Health, HealthRules
from apps.gateway.engine.observation.recording import Recorders
from apps.gateway.engine.pipeline import Engine
from apps.gateway.guesses import SharedGuesses
from apps.gateway.outages import OutageNotes
from apps.gateway.replays import RedisReplays
from apps.gateway.runtime import Runtime, StartedMetering
from apps.gateway.upstream import PooledUpstream
from apps.usage.recording import RecordingQueue
from tests.fakes.metering import InMemoryMetering
from tests.processes import wait_until

# The transports, as uvicorn's `--http` names them: that of the process, and the one of any ASGI server.
OWN_SERVER = "apps.gateway.server:GatewayConnection"
PLAIN_ASGI = "apps.gateway.http_protocol:GatewayProtocol"

COOKIES = frozenset({b"sessionid", b"csrftoken"})


@dataclass
class RunningGateway:
    port: int
    metering: InMemoryMetering
    runtime: Runtime
    loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def running_gateway(
    *,
    allow: list[str],
    metering: StartedMetering | None = None,
    resolver: AbstractResolver | None = None,
    redis_url: str | None = None,
    poll_seconds: float = 2.0,
    trusted_proxy_hops: int = 0,
    unknown_keys_max: int = 0,
    protocol: str = OWN_SERVER,
    health_rules: HealthRules | None = None,
    **config: object,
) -> Iterator[RunningGateway]:
    """Start a gateway; `config` goes to `EngineConfig`, `allow` are the backends that it may dial."""
    counters = metering or InMemoryMetering()
    directory = OrmDirectory(redis_url=redis_url or settings.CACHE_URL, poll_seconds=poll_seconds)
    upstream = PooledUpstream(allow=allow, resolver=resolver)
    engine_config = EngineConfig(**{"reserved_cookies": COOKIES, **config})
    guesses = SharedGuesses(unknown_keys_max, redis_url=redis_url or settings.CACHE_URL)
    replays = RedisReplays(redis_url=redis_url or settings.CACHE_URL)
    engine = Engine(
        directory=directory,
        metering=counters,
        upstream=upstream,
        config=engine_config,
        health=Health(rules=health_rules, on_change=OutageNotes().post),
        guesses=guesses,
        replays=replays,
        recorders=Recorders(RecordingQueue().add),
    )
    runtime = Runtime(engine, directory, counters, upstream, engine_config, trusted_proxy_hops, guesses, replays)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        loops: list[asyncio.AbstractEventLoop] = []  # the first is that of the lifespan
        handler = GatewayHandler(urlconf="config.gateway_urls", runtime=runtime)

        async def application(scope: Any, receive: Any, send: Any) -> None:
            loops.append(asyncio.get_running_loop())
            await handler(scope, receive, send)

        server = uvicorn.Server(
            uvicorn.Config(
                application,
                http=protocol,
                ws="none",
                lifespan="on",
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                log_config=None,
                timeout_graceful_shutdown=2,
            )
        )
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
        thread.start()
        wait_until(lambda: server.started or not thread.is_alive(), what="the gateway started")
        assert thread.is_alive(), "the gateway did not start"
        try:
            yield RunningGateway(listener.getsockname()[1], counters, runtime, loops[0])  # type: ignore[arg-type]
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive(), "the gateway did not stop"
