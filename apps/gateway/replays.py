"""Signatures that were used, in Redis: one of a signed call is good for one call, whichever process takes it."""

import hashlib

import redis.asyncio

from apps.gateway.engine.signed_calls import ReplaysUnavailable

REDIS_SECONDS = 0.5
_PREFIX = "gateway:signature:"


class RedisReplays:
    """Implements `engine.signed_calls.Replays`."""

    def __init__(self, *, redis_url: str) -> None:
        self._redis_url = redis_url

    async def start(self) -> None:
        self._client = redis.asyncio.Redis.from_url(
            self._redis_url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
        )

    async def stop(self) -> None:
        await self._client.aclose()

    async def is_first(self, signature: bytes, seconds: int) -> bool:
        key = _PREFIX + hashlib.sha256(signature).hexdigest()
        try:
            return bool(await self._client.set(key, b"1", nx=True, ex=seconds))
        except (redis.RedisError, OSError) as error:
            raise ReplaysUnavailable(str(error)) from error
