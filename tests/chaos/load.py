"""Calls from many clients at once, each written down with what its client saw of it."""

import asyncio
import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp

from tests.processes import wait_until
from tests.scenarios.world import Contract

# Each attempt has a path of its own, so that a row names the attempt that it is of. POST, because clients send a GET
# again by themselves where a connection breaks.
ROUTE = ("POST", "/calls/{number}")
_TIMEOUT_SECONDS = 20.0
_PAUSE_SECONDS = 0.05


@dataclass(slots=True)
class Attempt:
    """`status` is 0 while no whole answer has come, and for ever where the connection broke."""

    subscription_id: int
    gateway: str
    status: int = 0
    request_id: str = ""

    @property
    def is_acknowledged(self) -> bool:
        return self.status == 200


class Load:
    """Runs in a thread of its own between `__enter__` and `__exit__`; the calls under way are waited for."""

    def __init__(self, contracts: Sequence[Contract], gateways: Sequence[str], *, clients: int) -> None:
        self.attempts: dict[int, Attempt] = {}
        self._contracts = [(one.subscription.pk, one.product.slug, one.secret) for one in contracts]
        self._gateways = list(gateways)
        self._clients = clients
        self._numbers = itertools.count()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stopping.set()
        self._thread.join()

    def acknowledged(self, gateway: str = "") -> int:
        """How many calls were answered with 200, by this gateway or by all."""
        attempts = list(self.attempts.values())
        return sum(one.is_acknowledged and gateway in ("", one.gateway) for one in attempts)

    def wait_for_more(self, calls: int, *, seconds: float = 60.0) -> None:
        """Until every gateway has answered so many further calls."""
        wanted = {gateway: self.acknowledged(gateway) + calls for gateway in self._gateways}
        wait_until(
            lambda: all(self.acknowledged(gateway) >= count for gateway, count in wanted.items()),
            seconds=seconds,
            what=f"{calls} further calls at every gateway",
        )

    async def _run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
            await asyncio.gather(*(self._client(session) for _ in range(self._clients)))

    async def _client(self, session: aiohttp.ClientSession) -> None:
        while not self._stopping.is_set():
            number = next(self._numbers)
            subscription, slug, secret = self._contracts[number % len(self._contracts)]
            gateway = self._gateways[number // len(self._contracts) % len(self._gateways)]
            attempt = self.attempts[number] = Attempt(subscription, gateway)
            try:
                async with session.post(f"{gateway}/{slug}/calls/{number}", headers={"X-Api-Key": secret}) as answer:
                    await answer.read()
                    attempt.request_id = answer.headers["X-Request-Id"]
                    attempt.status = answer.status
            except (aiohttp.ClientError, TimeoutError):
                pass
            if not attempt.is_acknowledged:
                await asyncio.sleep(_PAUSE_SECONDS)
