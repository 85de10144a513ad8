"""The client of creators' backends: bytes in, bytes out, and nothing dialled that is not allowed."""

from apps.gateway.upstream.client import PooledUpstream

__all__ = ["PooledUpstream"]
