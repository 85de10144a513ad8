"""The way to a Redis Cluster: a connection to each primary, and which of them has each shard.

All keys of a shard share a hash tag, so a shard is in one slot, and a slot at one node. Each node has a run id of its
own: the shards of a node that was restarted, or whose replica took over, are rebuilt, and the others go on.

A node that has given a slot away says so (`MOVED`): the command was not carried out, and is sent to the new one. While
the keys of a slot are on their way from one node to another (`ASK`, `TRYAGAIN`), no node has all of the shard, so it is
refused as if Redis were away.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from redis.crc import key_slot

from apps.core.ending import end_tasks
from apps.core.redis_client import cluster_node_urls
from apps.usage.counters.address import Address, parse_address
from apps.usage.counters.keys import STATE_KEYS
from apps.usage.counters.link import Link, LinkDown
from apps.usage.counters.scripts import Script
from apps.usage.counters.server_link import ServerLink
from apps.usage.counters.types import SHARDS

_SLOTS = [key_slot(key.encode()) for key in STATE_KEYS]
# How often the nodes are asked who has what: soon while one of them is away, and now and then in any case.
_LOOK_SECONDS = 0.25
_REST_SECONDS = 10.0
_REDIRECTIONS_MAX = 3

Node = tuple[str, int]

logger = logging.getLogger(__name__)


class ClusterLink(Link):
    """`url` is `redis+cluster://[user:password@]host:port,host:port`: some nodes, from which the others follow."""

    def __init__(self, url: str, *, stall_seconds: float, dead_seconds: float) -> None:
        self._seeds = [parse_address(node) for node in cluster_node_urls(url)]
        self._stall_seconds = stall_seconds
        self._dead_seconds = dead_seconds
        self._links: dict[Node, ServerLink] = {}
        self._owners: list[Node | None] = [None] * SHARDS
        self._keeper: asyncio.Task[None] | None = None
        self._complete = asyncio.Event()
        self._look_now = asyncio.Event()

    @property
    def is_up(self) -> bool:
        return all(owner is not None and self._links[owner].is_up for owner in self._owners)

    async def start(self, *, wait_seconds: float = 2.0) -> None:
        for seed in self._seeds:
            await self._connect((seed.host, seed.port))
        self._keeper = asyncio.create_task(self._keep(), name="redis cluster")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                await self._complete.wait()

    async def stop(self) -> None:
        if self._keeper is not None:
            await end_tasks(self._keeper)
            self._keeper = None
        await asyncio.gather(*(link.stop() for link in self._links.values()))

    def run_id_of(self, shard: int) -> str:
        owner = self._owners[shard]
        return self._links[owner].run_id if owner is not None else ""

    def send_to(self, shard: int, *command: str | bytes | int) -> "asyncio.Future[Any]":
        return self._with_redirections(shard, lambda link: link.send_to(shard, *command))

    def run(
        self, script: Script, keys: Sequence[str | bytes], *arguments: str | bytes | int
    ) -> "asyncio.Future[list[Any]]":
        # By the link that carries it out in the end: the run id is that of its server.
        return self._with_redirections(_shard_of_key(keys[0]), lambda link: link.run(script, keys, *arguments))

    # --- redirections -------------------------------------------------------------------------

    def _with_redirections(self, shard: int, send: Any) -> "asyncio.Future[Any]":
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        sent = send(self._owner(shard))
        sent.add_done_callback(partial(self._answered, answer, shard, send, _REDIRECTIONS_MAX))
        return answer

    def _answered(
        self, answer: "asyncio.Future[Any]", shard: int, send: Any, redirections: int, sent: "asyncio.Future[Any]"
    ) -> None:
        """Pass the reply on, or send the command where it belongs.

        That is done at once, so that what is sent after a command (to take it back) also gets there after it.
        """
        error = sent.exception()
        if error is not None and str(error).startswith("MOVED "):
            self._moved(shard, str(error))
            if not answer.done() and redirections:
                try:
                    again = send(self._owner(shard))
                except LinkDown as down:
                    error = down
                else:
                    again.add_done_callback(partial(self._answered, answer, shard, send, redirections - 1))
                    return
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(sent.result())

    def _owner(self, shard: int) -> ServerLink:
        owner = self._owners[shard]
        if owner is None or (link := self._links.get(owner)) is None:
            raise LinkDown("It is not known which node of the cluster has this shard.")
        return link

    def _moved(self, shard: int, text: str) -> None:
        """`MOVED <slot> <host>:<port>`; without a host it is the one that was asked."""
        host, _, port = text.split(" ")[2].rpartition(":")
        before = self._owners[shard]
        self._owners[shard] = (host or (before[0] if before else ""), int(port))
        self._look_now.set()

    # --- who has what -------------------------------------------------------------------------

    async def _keep(self) -> None:
        while True:
            try:
                await self._look()
            except (LinkDown, OSError, TimeoutError) as error:
                logger.debug("the nodes of the cluster are not known: %s", error)
            if self.is_up:
                self._complete.set()
            self._look_now.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_REST_SECONDS if self.is_up else _LOOK_SECONDS):
                    await self._look_now.wait()

    async def _look(self) -> None:
        """Ask a node that answers for the slots of all, and connect to those that are new."""
        for (host, _), link in list(self._links.items()):
            if not link.is_up:
                continue
            ranges = await link.send_to(0, "CLUSTER", "SLOTS")
            owners: list[Node | None] = [None] * SHARDS
            for start, end, primary, *_replicas in ranges:
                node = (primary[0].decode() or host, int(primary[1]))
                for shard, slot in enumerate(_SLOTS):
                    if start <= slot <= end:
                        owners[shard] = node
            for owner in {node for node in owners if node is not None}:
                await self._connect(owner)
            self._owners = owners
            await self._forget_unused()
            return

    async def _connect(self, node: Node) -> None:
        if node not in self._links:
            host, port = node
            link = self._links[node] = ServerLink(
                self._address(host, port), stall_seconds=self._stall_seconds, dead_seconds=self._dead_seconds
            )
            # In the background: others must not wait for a node that is away.
            await link.start(wait_seconds=0.0)

    async def _forget_unused(self) -> None:
        """Let go of nodes that have no shard any more; those that the URL names are always kept."""
        seeds = {(seed.host, seed.port) for seed in self._seeds}
        for node in self._links.keys() - seeds - set(self._owners):
            await self._links.pop(node).stop()

    def _address(self, host: str, port: int) -> Address:
        first = self._seeds[0]
        return Address(host, port, None, 0, first.credentials, first.tls)


def _shard_of_key(key: str | bytes) -> int:
    """The number in the hash tag of `af:{u07}:…`."""
    return int(key[5:7])
