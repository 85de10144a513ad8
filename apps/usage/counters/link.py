"""The narrow port through which everything in `counters` and `meter` goes to Redis: `run` and `send_to`.

`server_link` has the one to a single server, `cluster_link` that to a cluster; `links` knows which a URL means.
"""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from apps.usage.counters.pipe import LinkDown
from apps.usage.counters.scripts import Script

__all__ = ["Link", "LinkDown", "ignored"]


class Link(ABC):
    """The way to the shards. The life of the server that has a shard is named by a run id."""

    @property
    @abstractmethod
    def is_up(self) -> bool:
        """Whether every shard can be reached."""

    @abstractmethod
    async def start(self, *, wait_seconds: float = 2.0) -> None:
        """Begin to connect; returns when connected, or after a while without Redis all the same."""

    @abstractmethod
    async def stop(self) -> None: ...

    @abstractmethod
    def run_id_of(self, shard: int) -> str:
        """The life of the server that has the shard."""

    @abstractmethod
    def send_to(self, shard: int, *command: str | bytes | int) -> "asyncio.Future[Any]":
        """Send a command to where the shard is; the future is its reply, or `LinkDown`.

        Raises `LinkDown` where there is no connection. Cancelling the future does not take the command back.
        """

    @abstractmethod
    def run(
        self, script: Script, keys: Sequence[str | bytes], *arguments: str | bytes | int
    ) -> "asyncio.Future[list[Any]]":
        """Likewise for a script; the run id of the connection that it goes is put in front of the arguments."""

    def post(self, script: Script, keys: Sequence[str], *arguments: str | bytes | int) -> None:
        """Run a script for its effect, if that can be; nobody hears of the reply."""
        with contextlib.suppress(LinkDown):
            self.run(script, keys, *arguments).add_done_callback(ignored)


def ignored(future: "asyncio.Future[Any]") -> None:
    """A callback: what became of it is nobody's concern, and no warning's either."""
    future.cancelled() or future.exception()
