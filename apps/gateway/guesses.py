"""The count of guessed keys that all gateway processes share: failures go to Redis, a good key costs no message."""

import asyncio
import logging

import redis
from redis.asyncio.client import Pipeline

from apps.core.ending import end_tasks
from apps.core.redis_client import impatient_async_redis
from apps.gateway.engine.admission.guesses import WINDOW_SECONDS, Guesses, network_of
from apps.gateway.feed import Outage

logger = logging.getLogger(__name__)

# Failures are sent together, so that a flood of them is no flood of messages.
FLUSH_SECONDS = 0.05
_PREFIX = "gateway:guesses:"


class SharedGuesses(Guesses):
    """A process learns that a network is blocked with its next failure from there. Without Redis, each counts alone."""

    def __init__(self, limit: int, *, redis_url: str) -> None:
        super().__init__(limit)
        self._redis_url = redis_url
        self._unsent: dict[str, int] = {}
        self._sending: asyncio.Task[None] | None = None
        self._outage = Outage("guessed keys are counted by each process alone")

    async def start(self) -> None:
        self._client = impatient_async_redis(self._redis_url)

    async def stop(self) -> None:
        if self._sending is not None:
            await end_tasks(self._sending)
        await self._client.aclose()

    def failed(self, client_ip: str) -> None:
        super().failed(client_ip)
        if not self.limit:
            return
        network = network_of(client_ip)
        self._unsent[network] = self._unsent.get(network, 0) + 1
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while self._unsent:
            await asyncio.sleep(FLUSH_SECONDS)
            unsent, self._unsent = self._unsent, {}
            try:
                async with self._client.pipeline(transaction=False) as pipeline:
                    counts = await self._add(pipeline, unsent)
                self._outage.ended()
            except (redis.RedisError, OSError) as error:
                self._outage.goes_on(error)
                continue
            for network, (count, milliseconds) in counts.items():
                if count >= self.limit:
                    self.block(network, max(0, milliseconds) / 1000)

    @staticmethod
    async def _add(pipeline: "Pipeline", failures: dict[str, int]) -> dict[str, tuple[int, int]]:
        """Add to the count of each network; returns it, and for how many milliseconds it stands."""
        for network, number in failures.items():
            key = _PREFIX + network
            pipeline.incrby(key, number)
            pipeline.expire(key, WINDOW_SECONDS, nx=True)
            pipeline.pttl(key)
        replies = await pipeline.execute()
        return {network: (replies[3 * index], replies[3 * index + 2]) for index, network in enumerate(failures)}
