"""A Redis Cluster of three primaries on loopback, made of the embedded Valkey."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import redis
from redis.cluster import ClusterNode, RedisCluster

from config.embedded.kept import free_port, write_private
from config.embedded.process import wait_until
from config.embedded.valkey import EmbeddedValkey
from tests.own_servers import own_server

SLOTS = 16_384
PASSWORD = "of-the-cluster"


class _Node(EmbeddedValkey):
    bus_port = 0

    def prepare(self) -> None:
        write_private(self.home / "valkey.password", PASSWORD)
        self.bus_port = self.bus_port or free_port()
        super().prepare()

    def _settings(self) -> str:
        return super()._settings() + (
            f"cluster-enabled yes\ncluster-port {self.bus_port}\ncluster-node-timeout 2000\n"
            f"cluster-require-full-coverage no\nprimaryauth {PASSWORD}\n"
        )

    @cached_property
    def client(self) -> "redis.Redis":
        return redis.Redis(port=self.port, password=PASSWORD)


@dataclass
class Cluster:
    nodes: list[_Node]

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"redis+cluster://:{PASSWORD}@{hosts}"

    @cached_property
    def client(self) -> Any:
        """What a test looks into it with."""
        nodes = [ClusterNode("127.0.0.1", node.port) for node in self.nodes]
        return RedisCluster(startup_nodes=nodes, password=PASSWORD)

    def node_of(self, slot: int) -> _Node:
        for start, end, (_host, port, *_), *_ in self.nodes[0].client.execute_command("CLUSTER SLOTS"):
            if start <= slot <= end:
                return next(node for node in self.nodes if node.port == port)
        raise AssertionError(slot)

    def give(self, slot: int, to: _Node) -> None:
        """Move an empty slot."""
        for node in self.nodes:
            node.client.execute_command("CLUSTER SETSLOT", slot, "NODE", _id(to))


@contextlib.contextmanager
def running_cluster() -> Iterator[Cluster]:
    with contextlib.ExitStack() as stack:
        nodes = [stack.enter_context(_running_node()) for _ in range(3)]
        bounds = [SLOTS * number // 3 for number in range(4)]
        for number, node in enumerate(nodes):
            node.client.execute_command("CLUSTER ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
            node.client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
        for node in nodes[1:]:
            nodes[0].client.execute_command("CLUSTER MEET", "127.0.0.1", node.port, node.bus_port)
        assert wait_until(lambda: all(_knows_all(node) for node in nodes), 20), "the nodes did not find each other"
        cluster = Cluster(nodes)
        try:
            yield cluster
        finally:
            cluster.client.close()


@contextlib.contextmanager
def _running_node() -> Iterator[_Node]:
    with own_server(_Node) as node:
        try:
            yield node
        finally:
            node.client.close()


def _knows_all(node: _Node) -> bool:
    info = node.client.execute_command("CLUSTER INFO")
    text = info if isinstance(info, dict) else dict(line.split(":") for line in info.decode().split())
    return text["cluster_state"] == "ok" and int(text["cluster_slots_assigned"]) == SLOTS


def _id(node: _Node) -> str:
    found = node.client.execute_command("CLUSTER MYID")
    return found.decode() if isinstance(found, bytes) else str(found)
