"""Which way to Redis a URL means."""

from apps.core.redis_client import cluster_node_urls
from apps.usage.counters.address import parse_address
from apps.usage.counters.cluster_link import ClusterLink
from apps.usage.counters.link import Link
from apps.usage.counters.server_link import ServerLink


def open_link(url: str, *, stall_seconds: float = 0.08, dead_seconds: float = 2.0) -> Link:
    """The link to the server, or to the cluster, that the URL names; not started."""
    if cluster_node_urls(url):
        return ClusterLink(url, stall_seconds=stall_seconds, dead_seconds=dead_seconds)
    return ServerLink(parse_address(url), stall_seconds=stall_seconds, dead_seconds=dead_seconds)
