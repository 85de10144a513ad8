"""The answer of one call on its way to its client: the head once, pieces, an end; and what is recorded of them."""

import time

from apps.gateway.engine.call import Call
from apps.gateway.engine.config import EngineConfig
from apps.gateway.engine.forwarding.settle import Account
from apps.gateway.engine.forwarding.waits import Waits
from apps.gateway.engine.messages.answers import completed_head, send_problem
from apps.gateway.engine.messages.problems import Rejected
from apps.gateway.engine.messages.request import Header
from apps.gateway.engine.observation.recording import Recorder


class Reply:
    __slots__ = ("_account", "_call", "_client", "_config", "_recorder", "has_date", "has_started", "limits", "waits")

    def __init__(
        self, call: Call, account: Account, config: EngineConfig, *, limits: list[Header], recorder: Recorder | None
    ) -> None:
        self._call = call
        self._account = account
        self._config = config
        self._client = call.request.client
        self._recorder = recorder
        self.limits = limits  # what the plan still grants, as headers
        self.has_date = False  # of the backend
        self.has_started = False  # the head is on its way to the client
        self.waits = Waits()

    def begin(self, status: int, head: list[Header]) -> list[Header]:
        """The whole head. From here on nothing else can be answered."""
        head = completed_head(
            self._call,
            head,
            self._config,
            origin_seconds=self._account.origin_seconds,
            has_date=self.has_date,
        )
        if self._recorder is not None:
            self._recorder.answer_head(status, head)
        self.has_started = True
        return head

    async def start(self, status: int, head: list[Header]) -> None:
        """Send the head, where it has not been sent."""
        if not self.has_started:
            head = self.begin(status, head)
            self._account.is_passed_on = True
            await self._client.start(status, head)

    async def write(self, piece: bytes) -> None:
        if self._recorder is not None:
            self._recorder.answer_piece(piece)
        began = time.perf_counter()
        try:
            await self._client.write(piece)
        finally:
            self.waits.add(time.perf_counter() - began)
        self._account.response_bytes += len(piece)

    async def end(self, status: int, head: list[Header], piece: bytes) -> None:
        """Send the last piece, which is counted already, and the head with it where it has not been sent."""
        has_started = self.has_started
        if not has_started:
            head = self.begin(status, head)
        if self._recorder is not None:
            self._recorder.answer_piece(piece)
        if has_started:
            await self._client.finish(piece)
        else:
            await self._client.answer(status, head, piece)

    async def refuse(self, rejected: Rejected) -> None:
        """Answer with the problem, or break off what has begun."""
        if self.has_started:
            self._client.abort()
            return
        await send_problem(
            self._call,
            rejected,
            self._config,
            limits=self.limits,
            origin_seconds=self._account.origin_seconds,
            watch=self._recorder,
        )
