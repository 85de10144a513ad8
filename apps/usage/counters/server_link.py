"""A connection to one Redis server: made again whenever it was lost, and refused at once while it is."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any

import hiredis

from apps.core.ending import end_tasks
from apps.usage.counters.address import Address
from apps.usage.counters.keys import STATE_KEYS
from apps.usage.counters.link import Link, ignored
from apps.usage.counters.pipe import LinkDown, Pipe
from apps.usage.counters.scripts import ALL, Script

_CONNECT_SECONDS = 1.0
_HANDSHAKE_SECONDS = 5.0
_PING_SECONDS = 1.0
_BACK_OFF_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.5)
_PENDING_BOUND = 10_000

logger = logging.getLogger(__name__)


def _encode(*command: str | bytes | int) -> bytes:
    # Its stub says that a command has one part.
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]
    return packed


_LOADS = [_encode("SCRIPT", "LOAD", script.source) for script in ALL]


class ServerLink(Link):
    """A connection to one server that is kept up in the background; `run_id` names its life."""

    def __init__(self, address: Address, *, stall_seconds: float, dead_seconds: float) -> None:
        self._address = address
        self._stall_seconds = stall_seconds
        self._dead_seconds = max(dead_seconds, stall_seconds)
        self._pipe: Pipe | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        # Set while the server was seen as a replica: its data may have been replaced under the same run id.
        self._distrusted = False
        self.run_id = ""

    @property
    def is_up(self) -> bool:
        return self._pipe is not None and self._pipe.is_open

    async def start(self, *, wait_seconds: float = 2.0) -> None:
        self._keeper = asyncio.create_task(self._keep(), name="redis link")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                await self._connected.wait()

    async def stop(self) -> None:
        if self._keeper is not None:
            await end_tasks(self._keeper)
            self._keeper = None

    def run_id_of(self, shard: int) -> str:
        return self.run_id

    def send_to(self, shard: int, *command: str | bytes | int) -> "asyncio.Future[Any]":
        return self._send(*command)

    def run(
        self, script: Script, keys: Sequence[str | bytes], *arguments: str | bytes | int
    ) -> "asyncio.Future[list[Any]]":
        return self._send("EVALSHA", script.sha, len(keys), *keys, self.run_id, *arguments)

    def _send(self, *command: str | bytes | int) -> "asyncio.Future[Any]":
        if self._pipe is None:
            raise LinkDown("There is no connection to Redis.")
        return self._pipe.send(_encode(*command))

    # --- keeping it up ------------------------------------------------------------------------

    async def _keep(self) -> None:
        failures = 0
        while True:
            pipe = self._new_pipe()
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await self._dial(pipe)
                self.run_id = await self._greet(pipe)
                failures = 0
                self._pipe = pipe
                self._connected.set()
                logger.info("connected to Redis (run id %s)", self.run_id[:8])
                await self._keep_alive(pipe)
                logger.warning("the connection to Redis was lost")
            except (OSError, LinkDown) as error:
                if failures == 0:
                    logger.warning("no connection to Redis: %s", error or type(error).__name__)
                failures += 1
            finally:
                self._pipe = None
                self._distrusted |= pipe.demoted
                pipe.abort()
            await asyncio.sleep(_BACK_OFF_SECONDS[min(failures, len(_BACK_OFF_SECONDS) - 1)])

    def _new_pipe(self) -> Pipe:
        return Pipe(
            preload=_LOADS, stall_seconds=self._stall_seconds, dead_seconds=self._dead_seconds, bound=_PENDING_BOUND
        )

    async def _dial(self, pipe: Pipe) -> None:
        loop, address = asyncio.get_running_loop(), self._address
        if address.path is not None:
            await loop.create_unix_connection(lambda: pipe, address.path)
        else:
            await loop.create_connection(lambda: pipe, address.host, address.port, ssl=address.tls)

    async def _greet(self, pipe: Pipe) -> str:
        """Authenticate, choose the database, load the scripts; the run id of a server that takes writes."""
        commands = [_encode("AUTH", *self._address.credentials)] if self._address.credentials else []
        commands += [_encode("SELECT", self._address.database), *_LOADS]
        commands += [_encode("INFO", section) for section in ("server", "replication", "memory")]
        async with asyncio.timeout(_HANDSHAKE_SECONDS):
            replies = await asyncio.gather(*map(pipe.send, commands))
        server, replication, memory = map(_info, replies[-3:])
        if replication.get("role") != "master":
            self._distrusted = True
            raise LinkDown("This Redis is a replica.")
        if memory.get("maxmemory_policy", "noeviction") != "noeviction":
            logger.error("Redis may evict counters and usage: set its maxmemory-policy to noeviction")
        if self._distrusted:
            # The generation may have come back with other data under the same run id: force a rebuild.
            for key in STATE_KEYS:
                await self._forget_generation(pipe, key)
            self._distrusted = False
        return server["run_id"]

    async def _forget_generation(self, pipe: Pipe, key: str) -> None:
        try:
            await pipe.send(_encode("HDEL", key, "gen"))
        except LinkDown as error:
            if not str(error).startswith("MOVED "):  # a shard of another node of its cluster
                raise

    async def _keep_alive(self, pipe: Pipe) -> None:
        """Until the connection is lost. An idle one is asked now and then, so that its loss is noticed."""
        ping = _encode("PING")
        while not pipe.closed.is_set():
            try:
                async with asyncio.timeout(_PING_SECONDS):
                    await pipe.closed.wait()
            except TimeoutError:
                if pipe.is_open:
                    pipe.send(ping).add_done_callback(ignored)


def _info(reply: bytes) -> dict[str, str]:
    lines = reply.decode().splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)
