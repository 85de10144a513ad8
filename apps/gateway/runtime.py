"""What a gateway process is made of, and its start and stop."""

import gc
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings

from apps.gateway.directory import OrmDirectory
from apps.gateway.engine.config import EngineConfig
from apps.gateway.engine.observation.health import Health
from apps.gateway.engine.observation.recording import Recorders
from apps.gateway.engine.pipeline import Engine
from apps.gateway.guesses import SharedGuesses
from apps.gateway.outages import OutageNotes
from apps.gateway.replays import RedisReplays
from apps.gateway.upstream import PooledUpstream
from apps.gateway.upstream.pool import CONNECTIONS_MAX
from apps.usage.counters.types import Metering
from apps.usage.recording import RecordingQueue


class StartedMetering(Metering, Protocol):
    """Metering with a life of its own: connections, heartbeats, replay."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    @property
    def is_available(self) -> bool:
        """Whether calls can be counted for all processes together."""

    @property
    def can_count_alone(self) -> bool:
        """Whether calls without a quota pass all the same while they cannot."""

    @property
    def spool_is_ready(self) -> bool | None:
        """Whether what is counted alone has a safe place on the disk; None: none is wanted."""


@dataclass(frozen=True, slots=True)
class Runtime:
    engine: Engine
    directory: OrmDirectory
    metering: StartedMetering
    upstream: PooledUpstream
    config: EngineConfig
    trusted_proxy_hops: int
    guesses: SharedGuesses
    replays: RedisReplays

    async def start(self) -> None:
        await self.directory.start()
        await self.guesses.start()
        await self.replays.start()
        await self.metering.start()
        await self.upstream.start()
        _leave_what_stays_alone()

    async def stop(self) -> None:
        """In the opposite order: what settles calls outlives what makes them."""
        await self.upstream.stop()
        await self.metering.stop()
        await self.guesses.stop()
        await self.replays.stop()
        await self.directory.stop()


def _leave_what_stays_alone() -> None:
    """Keep the garbage collector off what lives as long as the process, and let it run seldom.

    Calls end without cycles of any weight, so counting references frees nearly all; a pass over modules, models and the
    directory's entries for every few hundred calls took an eighth of the process' time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def runtime_from_settings(metering: StartedMetering) -> Runtime:
    """The parts as the settings describe them."""
    directory = OrmDirectory(redis_url=settings.CACHE_URL)
    upstream = PooledUpstream(allow=settings.UPSTREAM_ALLOW)
    config = EngineConfig(
        domain=settings.GATEWAY_DOMAIN.lower(),
        product_page=f"{settings.WEB_URL}/products/{{slug}}/",
        max_concurrent=settings.GATEWAY_MAX_CONCURRENT,
        backend_connections=CONNECTIONS_MAX,
        reserved_cookies=frozenset(
            name.encode("ascii")
            for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME)
        ),
    )
    health = Health(on_change=OutageNotes().post)
    guesses = SharedGuesses(settings.GATEWAY_UNKNOWN_KEYS_MAX, redis_url=settings.CACHE_URL)
    replays = RedisReplays(redis_url=settings.CACHE_URL)
    engine = Engine(
        directory=directory,
        metering=metering,
        upstream=upstream,
        config=config,
        health=health,
        guesses=guesses,
        replays=replays,
        recorders=Recorders(RecordingQueue().add),
    )
    return Runtime(engine, directory, metering, upstream, config, settings.TRUSTED_PROXY_HOPS, guesses, replays)
