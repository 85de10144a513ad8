"""Redis for small things beside the work: a message, a ping. It answers soon or not at all."""

from functools import cache
from typing import Any, cast
from urllib.parse import urlsplit

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import parse_url
from redis.retry import Retry

PATIENCE_SECONDS = 0.5
_CLUSTER = "+cluster"


@cache
def impatient_redis(url: str) -> "redis.Redis":
    """A client of this process that gives up after half a second and does not try again.

    Of a Redis Cluster, too: there it takes commands of one key, and those that go to every node.
    """
    retry = Retry(NoBackoff(), 0)
    if not (nodes := cluster_node_urls(url)):
        return redis.Redis.from_url(
            url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS, retry=retry
        )
    options = [dict(parse_url(node)) for node in nodes]  # type: ignore[no-untyped-call]
    common = {name: value for name, value in options[0].items() if name in ("username", "password")}
    client = RedisCluster(
        startup_nodes=[_cluster_node(one) for one in options],
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=retry,
        ssl=url.startswith("rediss"),
        **common,
    )
    return cast("redis.Redis", client)


def impatient_async_redis(url: str) -> "redis.asyncio.Redis":
    """The like for code on an event loop, made anew: whoever asks for it closes it."""
    return redis.asyncio.Redis.from_url(url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS)


def _cluster_node(options: dict[str, Any]) -> ClusterNode:
    return ClusterNode(options.get("host", "localhost"), options.get("port", 6379))  # type: ignore[no-untyped-call]


def cluster_node_urls(url: str) -> list[str]:
    """The nodes of `redis+cluster://[user:password@]host:port,host:port`, each as a URL; none for other URLs."""
    scheme, _, rest = url.partition("://")
    if not scheme.endswith(_CLUSTER):
        return []
    parts = urlsplit(f"//{rest}")
    credentials, at, hosts = parts.netloc.rpartition("@")
    scheme = scheme.removesuffix(_CLUSTER)
    query = f"?{parts.query}" if parts.query else ""
    return [f"{scheme}://{credentials}{at}{host.strip()}/0{query}" for host in hosts.split(",")]
