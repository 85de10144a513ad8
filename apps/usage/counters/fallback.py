"""Calls that nothing but rate limits bounds go on while Redis is away, counted by this process alone.

A quota or spend cap holds for all processes together, so its calls are refused instead. Here each process admits what
the plan's rate limits allow, beginning with nothing used: while Redis is away, a subscription has its limit once in
every process.
"""

from collections import Counter, deque
from collections.abc import Callable

from apps.usage.counters.keys import from_milliseconds, milliseconds
from apps.usage.counters.offset import ClockOffset
from apps.usage.counters.spool import Spool
from apps.usage.counters.terms import Terms
from apps.usage.counters.types import CallSpec, MeteringUnavailable, Refusal, Reservation

# The generation of reservations that Redis does not know.
GENERATION = ""
# As in scripts/window.lua: a window is counted in parts, and a part leaves once it has ended.
_PARTS = 60


class LocalWindow:
    """At most `limit` calls in any interval of `length_ms`."""

    __slots__ = ("_counts", "_length_ms", "_part_ms", "limit", "total")

    def __init__(self, limit: int, length_ms: int) -> None:
        self.limit = limit
        self.total = 0
        self._length_ms = length_ms
        self._part_ms = -(-length_ms // _PARTS)
        self._counts: deque[list[int]] = deque()  # [part, calls], the oldest first

    def move_to(self, now_ms: int) -> None:
        while self._counts and self._leaves_in(self._counts[0][0], now_ms) <= 0:
            self.total -= self._counts.popleft()[1]

    def enter(self, now_ms: int) -> None:
        part = now_ms // self._part_ms
        if self._counts and part <= self._counts[-1][0]:
            self._counts[-1][1] += 1
        else:
            self._counts.append([part, 1])
        self.total += 1

    def resets_in(self, now_ms: int) -> int:
        """Milliseconds until one more call fits when none does now, else until the window is clean."""
        if self.limit <= 0:
            return self._length_ms
        if not self._counts:
            return 0
        leaving = self.total - self.limit + 1
        if leaving <= 0:
            return self._leaves_in(self._counts[-1][0], now_ms)
        for part, calls in self._counts:
            leaving -= calls
            if leaving <= 0:
                return self._leaves_in(part, now_ms)
        raise AssertionError("the parts add up to the total")

    def _leaves_in(self, part: int, now_ms: int) -> int:
        return (part + 1) * self._part_ms + self._length_ms - now_ms


class Fallback:
    """Decides in the place of Redis about calls without quotas."""

    def __init__(self, offset: ClockOffset, spool: Spool) -> None:
        self._offset = offset
        self._spool = spool
        self._windows: dict[tuple[int, str, int], LocalWindow] = {}
        self._in_flight: Counter[int] = Counter()
        self.calls = 0  # admitted so far

    def reserve(self, spec: CallSpec, terms: Terms, on_abandoned: Callable[[], None] | None) -> Reservation | Refusal:
        """Raises `MeteringUnavailable` where only Redis can tell, or where the event would have no safe place."""
        if spec.quotas or not self._spool.is_ready:
            raise MeteringUnavailable("Redis does not answer.")
        now_ms = milliseconds(self._offset.now())
        windows = [self._window(spec, at, now_ms) for at in range(len(spec.rates))]
        in_flight = self._in_flight[spec.subscription_id]
        has_room = spec.max_concurrent is None or in_flight < spec.max_concurrent
        passes = has_room and all(window.total < window.limit for window in windows)
        if passes:
            for window in windows:
                window.enter(now_ms)
            self._in_flight[spec.subscription_id] = in_flight = in_flight + 1
            self.calls += 1
        numbers = [number for window in windows for number in (window.total, window.resets_in(now_ms))]
        numbers.append(in_flight)
        if not passes:
            return terms.refusal(spec.units, now_ms, numbers)
        return Reservation(
            spec=spec,
            generation=GENERATION,
            occurred_at=from_milliseconds(now_ms),
            counters=terms.counters,
            rates=terms.rate_states(numbers),
            quotas=(),
            slots=terms.slots,
            on_abandoned=on_abandoned,
        )

    def ended(self, reservation: Reservation) -> None:
        """A call that was admitted here is over."""
        subscription = reservation.spec.subscription_id
        self._in_flight[subscription] -= 1
        if self._in_flight[subscription] <= 0:
            del self._in_flight[subscription]

    def forget_the_past(self) -> None:
        """Drop the windows in which nothing counts any more."""
        now_ms = milliseconds(self._offset.now())
        for name, window in list(self._windows.items()):
            window.move_to(now_ms)
            if not window.total:
                del self._windows[name]

    def _window(self, spec: CallSpec, at: int, now_ms: int) -> LocalWindow:
        rule = spec.rates[at]
        name = (spec.subscription_id, rule.counter, rule.window_ms)
        window = self._windows.get(name)
        if window is None:
            window = self._windows[name] = LocalWindow(rule.max_calls, rule.window_ms)
        window.limit = rule.max_calls
        window.move_to(now_ms)
        return window
