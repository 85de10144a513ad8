"""What a reserved call comes to: which outcome it has, what is billed, and that it is settled."""

import time
from enum import StrEnum, auto

from apps.gateway.engine.call import Admitted, Call
from apps.gateway.engine.forwarding.units import reported_units
from apps.gateway.engine.ports import UpstreamAnswer
from apps.usage.counters.types import CallOutcome, Metering, Reservation, Settlement, request_id
from apps.usage.metering import is_billable

# The status of a call whose client left before there was an answer (as nginx writes it down).
CLIENT_CLOSED_STATUS = 499


class Outcome(StrEnum):
    COMPLETED = auto()
    CLIENT_CLOSED = auto()
    ACCESS_ENDED = auto()  # in mid-call: who called would not be let in any more
    REQUEST_TOO_LARGE = auto()
    REQUEST_TIMEOUT = auto()
    REQUEST_INVALID = auto()  # its body could not be read to the end
    REQUEST_ALTERED = auto()  # its body is not the one that was signed
    OVERLOADED = auto()  # no connection to the backend was free
    UPSTREAM_UNREACHABLE = auto()
    UPSTREAM_INVALID = auto()
    UPSTREAM_TIMEOUT = auto()
    UPSTREAM_ABORTED = auto()
    GATEWAY_STOPPED = auto()
    GATEWAY_ERROR = auto()


# The backend did its part, so its answer is billed by its status. Every other outcome is free.
_BILLED = frozenset({Outcome.COMPLETED, Outcome.CLIENT_CLOSED, Outcome.ACCESS_ENDED})
# The body of the request was at fault: who has begun to read the answer does not make it free with that.
_BILLED_ONCE_PASSED_ON = frozenset(
    {Outcome.REQUEST_TOO_LARGE, Outcome.REQUEST_TIMEOUT, Outcome.REQUEST_INVALID, Outcome.REQUEST_ALTERED}
)


class Account:
    """Counts one forwarded call and settles it."""

    def __init__(self, metering: Metering, reservation: Reservation, call: Call, admitted: Admitted) -> None:
        self._metering = metering
        self._reservation = reservation
        self._started_at = call.request.started_at
        self._product = admitted.product
        self._admitted = admitted
        self._units_if_billed = admitted.units
        self._reported_units = 0
        self._reported_at = time.perf_counter()
        self.answer_status: int | None = None  # once the backend has answered
        self.is_passed_on = False  # the head of that answer is on its way to the client
        self.origin_seconds = 0.0
        self.request_bytes = 0
        self.response_bytes = 0

    def read_units(self, answer: UpstreamAnswer) -> None:
        """Take the units of the call from the answer's head, where its backend reports them."""
        endpoint = self._admitted.endpoint
        assert endpoint.max_units is not None
        self._units_if_billed = reported_units(
            answer.headers,
            name=self._product.units_header,
            weight=endpoint.weight,
            maximum=endpoint.max_units,
            request_id=request_id(self._reservation.spec.event_id),
        )

    @property
    def units_if_completed(self) -> int:
        """What is billed for the answer once it is whole."""
        return self._units(Outcome.COMPLETED)

    async def settle(self, outcome: Outcome, status: int) -> Settlement:
        """End the lease. `status` is what the consumer sees."""
        return await self._metering.settle(self._reservation, self._outcome(outcome, status))

    def report_progress(self, every_seconds: float) -> None:
        """Say how far a stream has come, now and then, so that it is billed should this process die."""
        now = time.perf_counter()
        if self.answer_status is None or now - self._reported_at < every_seconds:
            return
        self._reported_at = now
        outcome = self._outcome(Outcome.COMPLETED, self.answer_status)
        self._reported_units = outcome.units
        self._metering.progress(self._reservation, outcome)

    def _outcome(self, outcome: Outcome, status: int) -> CallOutcome:
        return CallOutcome(
            status=status,
            outcome=outcome.value,
            units=self._units(outcome),
            duration_us=_microseconds(time.perf_counter() - self._started_at),
            origin_us=_microseconds(self.origin_seconds),
            request_bytes=self.request_bytes,
            response_bytes=self.response_bytes,
        )

    def _units(self, outcome: Outcome) -> int:
        if outcome == Outcome.GATEWAY_STOPPED:
            return self._reported_units  # what would be billed had this process been killed
        is_billed = outcome in _BILLED or (self.is_passed_on and outcome in _BILLED_ONCE_PASSED_ON)
        if not is_billed or self.answer_status is None:
            return 0
        return self._units_if_billed if is_billable(self.answer_status, self._product.billable_statuses) else 0


def _microseconds(seconds: float) -> int:
    return max(0, int(seconds * 1_000_000))
