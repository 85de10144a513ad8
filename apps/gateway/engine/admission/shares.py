"""The places of this process, shared out: no subscription takes more than a part of them, whatever its plan allows."""

from apps.gateway.engine.messages import problems
from apps.gateway.engine.messages.problems import Rejected, Violation

# Of the places of a process.
_PART = 1 / 4
# Of the connections to the backend of its product: the rest is for the product's other consumers.
_PART_OF_CONNECTIONS = 3 / 4
_POLICY = "share-of-process"


class Shares:
    """How many calls of each subscription this process has in flight; of subscriptions without any, nothing is kept."""

    def __init__(self, *, places: int, connections: int) -> None:
        self._most = max(1, min(int(places * _PART), int(connections * _PART_OF_CONNECTIONS)))
        self._in_flight: dict[int, int] = {}

    def take(self, subscription_id: int) -> None:
        """A place for a call, to be given back. Raises `Rejected`, and takes nothing then."""
        in_flight = self._in_flight.get(subscription_id, 0)
        if in_flight >= self._most:
            raise Rejected(
                problems.SHARE_TAKEN,
                f"{in_flight} calls of this subscription are in flight in this gateway process, which takes no more of "
                "one subscription. Try again when one of them has ended.",
                violation=Violation(policy=_POLICY, counter=in_flight, limit=self._most),
            )
        self._in_flight[subscription_id] = in_flight + 1

    def give_back(self, subscription_id: int) -> None:
        """The call has ended."""
        in_flight = self._in_flight[subscription_id] - 1
        if in_flight:
            self._in_flight[subscription_id] = in_flight
        else:
            del self._in_flight[subscription_id]
