"""Signatures that were used, in Redis: one of a signed call is good for one call, whichever process takes it."""

import hashlib

import redis

from apps.core.redis_client import impatient_async_redis
from apps.gateway.engine.signing.signed_calls import ReplaysUnavailable

_PREFIX = "gateway:signature:"


class RedisReplays:
    """Implements `engine.signed_calls.Replays`."""

    def __init__(self, *, redis_url: str) -> None:
        self._redis_url = redis_url

    async def start(self) -> None:
        self._client = impatient_async_redis(self._redis_url)

    async def stop(self) -> None:
        await self._client.aclose()

    async def is_first(self, signature: bytes, seconds: int) -> bool:
        key = _PREFIX + hashlib.sha256(signature).hexdigest()
        try:
            return bool(await self._client.set(key, b"1", nx=True, ex=seconds))
        except (redis.RedisError, OSError) as error:
            raise ReplaysUnavailable(str(error)) from error
