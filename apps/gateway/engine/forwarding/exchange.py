"""One forwarded call: the request to the backend, its answer to the client, and the account of both.

The end of an answer leaves only after the call is settled: the last byte where the length is known, the
mark of the end where it is not, everything where there is no body. So an answer that a client has whole is
one that is counted, and a call that was given up (and is not billed) is one whose answer never ended.
"""

import asyncio
import logging
import time

from apps.gateway.engine.admission.admit import too_large
from apps.gateway.engine.admission.readmission import Readmission, may_go_on
from apps.gateway.engine.call import Admitted, Call
from apps.gateway.engine.config import EngineConfig
from apps.gateway.engine.forwarding.heads import headers_for_client, upstream_request
from apps.gateway.engine.forwarding.interruptions import Interruption, Interruptions
from apps.gateway.engine.forwarding.mock import MOCK_HEADER, MockUpstream
from apps.gateway.engine.forwarding.reply import Reply
from apps.gateway.engine.forwarding.settle import CLIENT_CLOSED_STATUS, Account, Outcome
from apps.gateway.engine.forwarding.tunnel import Tunnel
from apps.gateway.engine.forwarding.units import with_billed_units
from apps.gateway.engine.forwarding.websocket import HANDSHAKE, is_accepted
from apps.gateway.engine.messages import problems
from apps.gateway.engine.messages.answer_heads import AnswerHead, BadHead, read_answer_head, read_headers
from apps.gateway.engine.messages.answers import deprecation_headers
from apps.gateway.engine.messages.body import AccessEnded, BodyAltered, BodyTooLarge, BodyTooSlow, RequestBody
from apps.gateway.engine.messages.problems import BodyInvalid, Problem, Rejected
from apps.gateway.engine.messages.ratelimit_fields import ratelimit_fields
from apps.gateway.engine.messages.request import ClientGone, Header
from apps.gateway.engine.observation.health import Passage
from apps.gateway.engine.observation.recording import Recorder
from apps.gateway.engine.observation.tally import ABANDONED, Tally
from apps.gateway.engine.ports import (
    Directory,
    Upstream,
    UpstreamAborted,
    UpstreamAnswer,
    UpstreamBusy,
    UpstreamError,
    UpstreamInvalid,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from apps.usage.counters.types import Metering, Reservation, Settlement

logger = logging.getLogger(__name__)

_FAILURES: dict[type[UpstreamError], tuple[Problem, Outcome]] = {
    UpstreamUnreachable: (problems.UPSTREAM_UNREACHABLE, Outcome.UPSTREAM_UNREACHABLE),
    UpstreamInvalid: (problems.UPSTREAM_INVALID, Outcome.UPSTREAM_INVALID),
    UpstreamTimeout: (problems.UPSTREAM_TIMEOUT, Outcome.UPSTREAM_TIMEOUT),
    UpstreamAborted: (problems.UPSTREAM_INVALID, Outcome.UPSTREAM_ABORTED),
}


class Exchange:
    """Made before the reservation, because that may be taken back at any time: `abandon`."""

    def __init__(
        self,
        call: Call,
        admitted: Admitted,
        *,
        passage: Passage,
        tally: Tally,
        directory: Directory,
        metering: Metering,
        upstream: Upstream,
        config: EngineConfig,
    ) -> None:
        self._call = call
        self._directory = directory
        self._admitted = admitted
        self._passage = passage
        self._tally = tally
        self._metering = metering
        self._upstream = upstream if admitted.mock is None else MockUpstream(admitted.mock)
        self._config = config
        self._client = call.request.client
        self._body: RequestBody | None = None  # where there is one
        self._interruptions = Interruptions()
        self._is_settling = False
        self._tunnel: Tunnel | None = None
        self.recorder: Recorder | None = None  # of a call that is written down

    def abandon(self) -> None:
        """The lease was lost: the call is not billed, so its answer must not end."""
        self._interruptions.interrupt(Interruption.ABANDONED)

    async def run(self, reservation: Reservation) -> None:
        """Forward, answer, settle. Every way out has settled the call (or it was abandoned)."""
        self._account = Account(self._metering, reservation, self._call, self._admitted)
        limits = ratelimit_fields((*reservation.rates, *reservation.quotas))
        self._reply = Reply(self._call, self._account, self._config, limits=limits, recorder=self.recorder)
        self._interruptions.begin(total_seconds=self._admitted.product.timeouts.total_seconds)
        try:
            self._client.when_gone(self._interruptions.client_left)
            await self._forward()
        except asyncio.CancelledError:
            self._interruptions.end()
            if self._interruptions.why is None:  # the process is told to stop
                if not self._is_settling:
                    await self._stop()
                raise
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            await self._break_off(self._interruptions.why)
        except ClientGone:
            self._client.abort()  # settled already, and the problem could not be sent
        except Exception:
            self._interruptions.end()
            logger.exception("call %s failed in the gateway", self._call.request_id)
            await self._end(Outcome.GATEWAY_ERROR, Rejected(problems.INTERNAL_ERROR))

    async def _stop(self) -> None:
        """The process ends before the call."""
        if self._tunnel is None:
            await self._end(Outcome.GATEWAY_STOPPED, Rejected(problems.GATEWAY_STOPPED))
        else:
            await self._settle(Outcome.GATEWAY_STOPPED, 101)
            await self._tunnel.go_away()

    async def _forward(self) -> None:
        if self._call.body_length != 0:
            self._body = RequestBody(
                self._client,
                limit=self._admitted.product.max_body_bytes,
                idle_seconds=self._config.client_idle_seconds,
                on_failure=self._interruptions.body_failed,
                may_go_on=Readmission(self._call, self._admitted, self._directory).holds,
                sha256=self._admitted.body_sha256,
                watch=None if self.recorder is None else self.recorder.request_piece,
            )
        body = None if self._body is None else self._body.pieces()
        asked_at = time.perf_counter()
        try:
            try:
                answer = await self._upstream.send(upstream_request(self._call, self._admitted, body, self._config))
            finally:
                self._account.origin_seconds = time.perf_counter() - asked_at
        except UpstreamError as error:
            await self._fail(error)
            return
        try:
            await self._relay(answer)
        except (UpstreamError, ClientGone) as error:
            await self._fail(error)
        finally:
            answer.close()

    async def _relay(self, answer: UpstreamAnswer) -> None:
        if self._call.is_websocket and answer.status == 101:
            await self._relay_websocket(answer)
            return
        try:
            told = read_answer_head(self._call.request.method, answer.status, answer.headers)
        except BadHead as error:
            raise UpstreamInvalid(str(error)) from None
        length = told.length
        self._account.answer_status = answer.status
        self._passage.succeeded()
        if self._admitted.reports_units:
            self._account.read_units(answer)
        head = self._head(answer, told)
        self._reply.has_date = told.names.has_date
        if length == 0:
            if await self._settle_completed(answer.status):
                await self._reply.end(answer.status, head, b"")
        elif length is None:
            await self._relay_unsized(answer, head)
        else:
            await self._relay_sized(answer, head, length)

    async def _relay_websocket(self, answer: UpstreamAnswer) -> None:
        if not is_accepted(self._call.request.headers, answer.headers):
            raise UpstreamInvalid("It does not accept the handshake that it was sent.")
        try:
            told = read_headers(answer.headers)
        except BadHead as error:
            raise UpstreamInvalid(str(error)) from None
        self._reply.has_date = told.names.has_date
        self._account.answer_status = 101
        self._passage.succeeded()
        self._interruptions.may_last()  # it has no end that could be late
        if self._admitted.reports_units:
            self._account.read_units(answer)
        head = self._reply.begin(101, [*self._head(answer, told), *HANDSHAKE])
        self._tunnel = Tunnel(
            client=self._client,
            answer=answer,
            account=self._account,
            may_go_on=lambda: may_go_on(self._call, self._admitted, self._directory),
            settle=self._settle_tunnel,
            idle_seconds=self._config.tunnel_idle_seconds,
            progress_seconds=self._config.progress_seconds,
        )
        await self._tunnel.run(head)

    async def _settle_tunnel(self) -> bool:
        if self._tunnel is not None and self._tunnel.has_access_ended:
            return await self._settle(Outcome.ACCESS_ENDED, 101) != Settlement.ABANDONED
        return await self._settle_completed(101)

    async def _relay_unsized(self, answer: UpstreamAnswer, head: list[Header]) -> None:
        """A stream: every piece leaves at once, and only the mark of its end is held back."""
        await self._reply.start(answer.status, head)
        readmission = Readmission(self._call, self._admitted, self._directory)
        while piece := await answer.read():
            if not await readmission.holds():
                await self._settle(Outcome.ACCESS_ENDED, answer.status)
                self._client.abort()
                return
            await self._reply.write(piece)
            self._account.report_progress(self._config.progress_seconds)
        if await self._settle_completed(answer.status):
            await self._client.finish()

    async def _relay_sized(self, answer: UpstreamAnswer, head: list[Header], length: int) -> None:
        """The last byte is held back; a body that came in one piece leaves in one, after the account."""
        missing = length
        while True:
            piece = await answer.read()
            missing -= len(piece)
            if not piece or missing < 0:
                raise UpstreamAborted("The answer does not have the length that it declared.")
            if missing == 0:
                break
            await self._reply.start(answer.status, head)
            await self._reply.write(piece)
        if self._reply.has_started and len(piece) > 1:
            await self._reply.write(piece[:-1])
            piece = piece[-1:]
        self._account.response_bytes += len(piece)
        if await self._settle_completed(answer.status):
            await self._reply.end(answer.status, head, piece)

    async def _settle_completed(self, status: int) -> bool:
        """Whether the answer may end; if not, it has been broken off."""
        if await self._settle(Outcome.COMPLETED, status) != Settlement.ABANDONED:
            return True
        await self._reply.refuse(Rejected(problems.UNAVAILABLE))
        return False

    async def _fail(self, error: UpstreamError | ClientGone | BodyTooSlow) -> None:
        """Settle and answer a call that the backend, the client or the body of the request ended."""
        match (self._body and self._body.failure) or error:
            case BodyTooLarge():
                await self._end(Outcome.REQUEST_TOO_LARGE, too_large(self._admitted.product))
            case BodyTooSlow():
                await self._end(Outcome.REQUEST_TIMEOUT, Rejected(problems.REQUEST_TIMEOUT))
            case AccessEnded():
                await self._end(Outcome.ACCESS_ENDED, Rejected(problems.ACCESS_ENDED))
            case BodyInvalid() as invalid:
                await self._end(Outcome.REQUEST_INVALID, invalid)
            case BodyAltered():
                await self._end(Outcome.REQUEST_ALTERED, Rejected(problems.CONTENT_DIGEST_MISMATCH))
            case ClientGone():
                await self._settle(Outcome.CLIENT_CLOSED, self._account.answer_status or CLIENT_CLOSED_STATUS)
                self._client.abort()
            case UpstreamError() if self._reply.has_started and self._reply.waits.has_stall:
                # Who stops reading until the backend gives up has not found out how to read for nothing.
                await self._fail(ClientGone())
            case UpstreamBusy() as busy:  # says nothing about the backend
                await self._end(Outcome.OVERLOADED, Rejected(problems.OVERLOADED, str(busy)))
            case failure:
                if self._account.answer_status is None and not (self._body and self._body.is_awaited):
                    self._passage.failed()  # a backend may lose patience with a slow client
                problem, outcome = next(_FAILURES[kind] for kind in type(failure).__mro__ if kind in _FAILURES)
                logger.info("call %s: %s: %s", self._call.request_id, outcome, failure)
                await self._end(outcome, Rejected(problem))

    async def _end(self, outcome: Outcome, rejected: Rejected) -> None:
        """Settle a call that was not completed, then answer with the problem or break off."""
        started_status = self._account.answer_status if self._reply.has_started else None
        await self._settle(outcome, started_status or rejected.problem.status)
        await self._reply.refuse(rejected)

    async def _break_off(self, why: Interruption) -> None:
        """The client or its body ended the call, the lease was lost, or the whole call took too long.

        The backend's connection is closed by now. An answer that is late because its client does not read it is billed.
        """
        if why is Interruption.ABANDONED:
            self._count(ABANDONED, problems.UNAVAILABLE.status)
            await self._reply.refuse(Rejected(problems.UNAVAILABLE))
        elif why is Interruption.TOO_LATE and not self._reply.waits.are_long:
            is_uploading = self._body is not None and not self._body.is_whole
            await self._fail(BodyTooSlow() if is_uploading else UpstreamTimeout("the whole call took too long"))
        else:
            await self._fail(ClientGone())

    async def _settle(self, outcome: Outcome, status: int) -> Settlement:
        self._is_settling = True  # from here on it is too late to interrupt
        self._interruptions.end()
        if self._body is not None:
            self._account.request_bytes = self._body.received
        settlement = await self._account.settle(outcome, status)
        self._count(ABANDONED if settlement is Settlement.ABANDONED else outcome, status)
        return settlement

    def _count(self, outcome: str, status: int) -> None:
        origin_seconds = self._account.origin_seconds
        own_seconds = None
        if not self._reply.has_started:
            own_seconds = time.perf_counter() - self._call.request.started_at - origin_seconds
        self._tally.settled(outcome, status, origin_seconds=origin_seconds, own_seconds=own_seconds)

    def _head(self, answer: UpstreamAnswer, told: AnswerHead) -> list[Header]:
        """The backend's headers as the client gets them, and what is known of the call and the endpoint."""
        admitted = self._admitted
        headers = headers_for_client(self._call, admitted, answer.status, told, self._config)
        if admitted.reports_units:
            units = self._account.units_if_completed
            headers = with_billed_units(headers, name=admitted.product.units_header, units=units)
        if admitted.mock is not None:
            headers.append(MOCK_HEADER)
        if notes := deprecation_headers(admitted.endpoint, admitted.product, self._config):
            said = {name for name, _ in notes} - {b"link"}  # each has one value, and the platform's plan holds
            headers = [header for header in headers if header[0] not in said] + notes
        headers += self._reply.limits
        return headers
