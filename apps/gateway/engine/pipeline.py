"""The engine: the checks (`admission`) → limits → forward → settle.

Whatever happens, a call gets exactly one answer or a connection that visibly broke off, a refused call is
recorded and consumes nothing, and a forwarded call is settled.
"""

import logging
import math
from collections.abc import Sequence

from apps.core.ids import uuid7
from apps.gateway.engine.admission.admit import Preflight, admit
from apps.gateway.engine.admission.guesses import Guesses
from apps.gateway.engine.admission.heads import read_head
from apps.gateway.engine.admission.shares import Shares
from apps.gateway.engine.call import Admitted, Call
from apps.gateway.engine.config import EngineConfig
from apps.gateway.engine.forwarding.exchange import Exchange
from apps.gateway.engine.messages import problems
from apps.gateway.engine.messages.answers import send_empty, send_problem
from apps.gateway.engine.messages.cors import preflight_headers
from apps.gateway.engine.messages.problems import Rejected, Violation
from apps.gateway.engine.messages.ratelimit_fields import announced_fields, ratelimit_fields
from apps.gateway.engine.messages.request import ClientGone, GatewayRequest, Header
from apps.gateway.engine.observation.health import Health, Passage, Suspended
from apps.gateway.engine.observation.recording import Recorders
from apps.gateway.engine.observation.tally import Tally
from apps.gateway.engine.ports import Directory, DirectoryUnavailable, Upstream
from apps.gateway.engine.signing.signed_calls import NoReplays, Replays
from apps.usage.counters.types import (
    CallSpec,
    Metering,
    MeteringUnavailable,
    QuotaRule,
    Refusal,
    RefusedBy,
    RejectedCall,
    Reservation,
)

logger = logging.getLogger(__name__)


# When to ask again where units are held by calls in flight: nobody knows how many of them come back, or when.
_HELD_SECONDS = 60


class OverLimit(Rejected):
    """Refused by the counters, which said how they stand. `may_come_back`: what calls in flight hold is a maximum."""

    def __init__(self, refusal: Refusal, quotas: Sequence[QuotaRule], *, may_come_back: bool) -> None:
        worst = refusal.violated[0]
        wait = max(1, refusal.retry_after_seconds)
        detail = f"The limit {worst.name} of {worst.limit} is reached. Try again in {wait} seconds."
        if not worst.window_seconds:
            detail = f"{worst.limit} calls of this subscription are in flight. Try again when one of them has ended."
        problem = problems.RATE_LIMITED if refusal.by == RefusedBy.RATE else problems.QUOTA_EXCEEDED
        if refusal.by == RefusedBy.QUOTA and any(rule.is_capped for rule in quotas if rule.name == worst.name):
            problem = problems.SPEND_CAP_REACHED
            detail = (
                f"The spend cap of this subscription allows {worst.limit} units of {worst.name}, and they are used. "
                f"Raise it on the page of the subscription, or try again in {wait} seconds."
            )
        if refusal.by == RefusedBy.QUOTA and worst.remaining > 0:
            left = f"{worst.remaining} of {worst.limit} units of {worst.name}"
            detail = f"This call may take more than the {left} that are left"
            if may_come_back:
                wait = min(wait, _HELD_SECONDS)
                detail += " and not held by calls in flight"
            detail += f". Try again in {wait} seconds."
        super().__init__(
            problem,
            detail,
            headers=[(b"retry-after", b"%d" % wait)],
            members={"violated-policies": [state.name for state in refusal.violated]},
            violation=Violation(policy=worst.name, counter=worst.limit - worst.remaining, limit=worst.limit),
        )
        self.limits = ratelimit_fields((*refusal.rates, *refusal.quotas))


class Engine:
    """One per process."""

    def __init__(
        self,
        *,
        directory: Directory,
        metering: Metering,
        upstream: Upstream,
        config: EngineConfig | None = None,
        health: Health | None = None,
        guesses: Guesses | None = None,
        replays: Replays | None = None,
        recorders: Recorders | None = None,
    ) -> None:
        self._directory = directory
        self._metering = metering
        self._upstream = upstream
        self._config = config or EngineConfig()
        self.health = health or Health()
        self._guesses = guesses or Guesses()
        self._replays = replays or NoReplays()
        self.tally = Tally()
        self._recorders = recorders or Recorders()
        self._on_their_way = 0
        self._shares = Shares(places=self._config.max_concurrent, connections=self._config.backend_connections)

    @property
    def in_flight(self) -> int:
        """How many requests are being answered."""
        return self._on_their_way

    async def handle(self, request: GatewayRequest) -> None:
        """Answer the request through its client."""
        call = Call(request, uuid7(), read_head(request.headers, self._config.reserved_cookies))
        self._on_their_way += 1
        try:
            if self._on_their_way > self._config.max_concurrent:
                await self._refuse(call, Rejected(problems.OVERLOADED))
            else:
                await self._handle(call)
        except ClientGone:
            request.client.abort()
        except Exception:
            logger.exception("call %s was not answered", call.request_id)
            request.client.abort()
        finally:
            self._on_their_way -= 1

    async def _handle(self, call: Call) -> None:
        passage: Passage | None = None
        admitted: Admitted | None = None
        subscription_id: int | None = None  # that holds a place for the call
        try:
            admitted = await admit(call, self._directory, self._config, self._guesses, self._replays)
            self._shares.take(admitted.key.entitlement.subscription_id)
            subscription_id = admitted.key.entitlement.subscription_id
            passage = self._enter(admitted)
            exchange = Exchange(
                call,
                admitted,
                passage=passage,
                tally=self.tally,
                directory=self._directory,
                metering=self._metering,
                upstream=self._upstream,
                config=self._config,
            )
            reservation = await self._reserve(call, admitted, exchange)
        except Preflight as preflight:
            self.tally.preflights += 1
            await send_empty(call, 204, preflight_headers(preflight.methods), self._config)
        except Rejected as rejected:
            self._record(call, rejected)
            await self._refuse(call, rejected, limits=self._limits_of(call, rejected), admitted=admitted)
        except (DirectoryUnavailable, MeteringUnavailable) as error:
            # The directory and metering say themselves what is the matter, once and not for every call.
            logger.debug("call %s cannot be checked: %s", call.request_id, error)
            await self._refuse(call, Rejected(problems.UNAVAILABLE), admitted=admitted)
        except Exception:
            logger.exception("call %s failed before it was forwarded", call.request_id)
            await self._refuse(call, Rejected(problems.INTERNAL_ERROR))
        else:
            if admitted.product.recording is None:
                await exchange.run(reservation)
            else:
                await self._run_recorded(exchange, reservation, call, admitted)
        finally:
            if passage is not None:
                passage.left()
            if subscription_id is not None:
                self._shares.give_back(subscription_id)

    async def _run_recorded(self, exchange: Exchange, reservation: Reservation, call: Call, admitted: Admitted) -> None:
        exchange.recorder = recorder = self._recorders.begin(call, admitted)
        try:
            await exchange.run(reservation)
        finally:
            if recorder is not None:
                self._recorders.end(recorder)

    async def _refuse(
        self, call: Call, rejected: Rejected, *, limits: Sequence[Header] = (), admitted: Admitted | None = None
    ) -> None:
        """Answer with the problem, and write that down for a call that passed the checks: others are anybody's."""
        self.tally.refused[rejected.problem.code] += 1
        recorder = None
        if admitted is not None and admitted.product.recording is not None:
            recorder = self._recorders.begin(call, admitted)
        try:
            await send_problem(call, rejected, self._config, limits=limits, watch=recorder)
        finally:
            if recorder is not None:
                self._recorders.end(recorder)

    def _enter(self, admitted: Admitted) -> Passage:
        """The way to the backend, unless it is left alone for now: before the limits, so that nothing is taken."""
        try:
            return self.health.enter(admitted.product.id, admitted.upstream_url)
        except Suspended as suspended:
            wait = max(1, math.ceil(suspended.seconds))
            raise Rejected(problems.UPSTREAM_SUSPENDED, headers=[(b"retry-after", b"%d" % wait)]) from None

    async def _reserve(self, call: Call, admitted: Admitted, exchange: Exchange) -> Reservation:
        """Take a place in every limit. Raises `OverLimit` or `MeteringUnavailable`."""
        entitlement = admitted.key.entitlement
        spec = CallSpec(
            event_id=call.event_id,
            subscription_id=entitlement.subscription_id,
            product_id=admitted.product.id,
            endpoint_id=admitted.endpoint.id,
            api_key_id=admitted.key.id,
            quota_epoch=entitlement.quota_epoch,
            units=admitted.units,
            rates=entitlement.rates_for(admitted.endpoint),
            quotas=entitlement.quotas,
            method=call.request.method,
            path=call.recorded_path,
            max_concurrent=entitlement.max_concurrent,
        )
        decision = await self._metering.reserve(spec, on_abandoned=exchange.abandon)
        if isinstance(decision, Refusal):
            raise OverLimit(decision, spec.quotas, may_come_back=admitted.reports_units)
        return decision

    def _limits_of(self, call: Call, rejected: Rejected) -> list[Header]:
        """The rate limit fields of a refusal: how the counters stand where they were asked."""
        if isinstance(rejected, OverLimit):
            return rejected.limits
        if call.key is None or call.entitlement is None or call.endpoint is None:
            return []
        rates = call.entitlement.rates_for(call.endpoint)
        return announced_fields(
            rates, call.entitlement.quotas, self._directory.now(), max_concurrent=call.entitlement.max_concurrent
        )

    def _record(self, call: Call, rejected: Rejected) -> None:
        """Keep the refusal, so that "why was I blocked" can be answered. Without a product it is nobody's."""
        if call.product is None:
            return
        # A key of another product is that product's business.
        key = call.key if call.key and call.key.entitlement.product_id == call.product.id else None
        violation = rejected.violation
        self._metering.reject(
            RejectedCall(
                event_id=call.event_id,
                product_id=call.product.id,
                subscription_id=key.entitlement.subscription_id if key else None,
                endpoint_id=call.endpoint.id if call.endpoint else None,
                api_key_id=key.id if key else None,
                method=call.request.method,
                path=call.recorded_path,
                status=rejected.problem.status,
                code=rejected.problem.code,
                policy=violation.policy if violation else "",
                counter=violation.counter if violation else None,
                limit=violation.limit if violation else None,
            )
        )
