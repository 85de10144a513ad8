"""Passive health: a backend that hardly answers any more is left alone for a while, and then tried with one call.

What counts is whether a backend can be reached and gives an answer at all. A 5xx is an answer. Health is kept per
product and base URL, not per server: nobody can have another creator's backend suspended by pointing a product at it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

# The window is kept in whole seconds: the one that runs, and those before it.
WINDOW_SECONDS = 10
_BREAKERS_MAX = 10_000

Clock = Callable[[], float]
# Told the product, the base URL and whether its calls are suspended: on each change, and on each trial that failed.
OnChange = Callable[[int, str, bool], None]


class Suspended(Exception):
    """The backend is left alone for so many seconds more."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class HealthRules:
    """Suspended when, of at least so many calls in the window, this share or more got no answer."""

    calls_min: int = 20
    failed_share: float = 0.5
    suspended_seconds: float = 5.0


class Passage(Protocol):
    """One call's way to a backend: it says at most once how that went, and that it is over."""

    def succeeded(self) -> None: ...

    def failed(self) -> None: ...

    def left(self) -> None:
        """The call is over; without a verdict where it was refused, or its client went away."""
        ...


class Breaker:
    """The health of one backend; while it is well, the passage of every call. Each step costs the same, always."""

    __slots__ = (
        "_calls", "_calls_by_second", "_changed", "_clock", "_failures", "_failures_by_second", "_retry_at", "_rules",
        "_second", "is_open",
    )  # fmt: skip

    def __init__(self, rules: HealthRules, clock: Clock, changed: Callable[[bool], None]) -> None:
        self._rules = rules
        self._clock = clock
        self._changed = changed
        self.is_open = False
        self._retry_at = 0.0
        self._forget()

    def try_out(self) -> "Trial":
        """A call that may find out whether an open breaker's backend is back. Raises `Suspended`.

        The next one may as soon as this one is over, and at the latest after another pause: a call that takes long (a
        slow upload, a slow endpoint) is not waited for by all others.
        """
        now = self._clock()
        if (missing := self._retry_at - now) > 0:
            raise Suspended(missing)
        self._retry_at = now + self._rules.suspended_seconds
        return Trial(self)

    # --- a passage ------------------------------------------------------------------------------

    def succeeded(self) -> None:
        if not self.is_open:
            self._count(failures=0)

    def failed(self) -> None:
        # A call that was on its way when the breaker opened adds nothing.
        if self.is_open:
            return
        self._count(failures=1)
        if self._calls >= self._rules.calls_min and self._failures >= self._rules.failed_share * self._calls:
            self._open()

    def left(self) -> None: ...

    # --- inside ---------------------------------------------------------------------------------

    def trial_over(self, *, succeeded: bool | None) -> None:
        """None: it found out nothing, and the next call may try at once."""
        if not self.is_open:  # another trial has found out
            return
        if succeeded:
            self.is_open = False
            self._forget()
            self._changed(False)  # noqa: FBT003
        elif succeeded is False:
            self._open()
        else:
            self._retry_at = self._clock()

    def _open(self) -> None:
        self.is_open = True
        self._retry_at = self._clock() + self._rules.suspended_seconds
        self._changed(True)  # noqa: FBT003

    def _forget(self) -> None:
        self._calls = self._failures = 0
        self._calls_by_second = [0] * WINDOW_SECONDS
        self._failures_by_second = [0] * WINDOW_SECONDS
        self._second = int(self._clock())

    def _count(self, *, failures: int) -> None:
        second = int(self._clock())
        if second != self._second:
            self._move_to(second)
        at = second % WINDOW_SECONDS
        self._calls += 1
        self._calls_by_second[at] += 1
        self._failures += failures
        self._failures_by_second[at] += failures

    def _move_to(self, second: int) -> None:
        for passed in range(self._second + 1, min(second, self._second + WINDOW_SECONDS) + 1):
            at = passed % WINDOW_SECONDS
            self._calls -= self._calls_by_second[at]
            self._failures -= self._failures_by_second[at]
            self._calls_by_second[at] = self._failures_by_second[at] = 0
        self._second = second


class Trial:
    """The passage of a call that tries a suspended backend."""

    __slots__ = ("_breaker", "_is_over")

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self._is_over = False

    def succeeded(self) -> None:
        self._end(succeeded=True)

    def failed(self) -> None:
        self._end(succeeded=False)

    def left(self) -> None:
        self._end(succeeded=None)

    def _end(self, *, succeeded: bool | None) -> None:
        if not self._is_over:
            self._is_over = True
            self._breaker.trial_over(succeeded=succeeded)


class Health:
    """The backends that this process calls."""

    def __init__(
        self,
        *,
        rules: HealthRules | None = None,
        clock: Clock = time.monotonic,
        on_change: OnChange | None = None,
    ) -> None:
        self._rules = rules or HealthRules()
        self._clock = clock
        self._on_change = on_change
        self._breakers: dict[tuple[int, str], Breaker] = {}
        self.suspensions = 0  # so far

    @property
    def suspended(self) -> int:
        """How many backends are left alone right now."""
        return sum(breaker.is_open for breaker in self._breakers.values())

    def enter(self, product_id: int, url: str) -> Passage:
        """The passage of a call to this base URL of the product. Raises `Suspended`."""
        breaker = self._breakers.get((product_id, url)) or self._new(product_id, url)
        return breaker.try_out() if breaker.is_open else breaker

    def _new(self, product_id: int, url: str) -> Breaker:
        if len(self._breakers) >= _BREAKERS_MAX:
            self._breakers = {key: breaker for key, breaker in self._breakers.items() if breaker.is_open}

        def changed(is_suspended: bool) -> None:
            self.suspensions += is_suspended
            if self._on_change is not None:
                self._on_change(product_id, url, is_suspended)

        breaker = self._breakers[product_id, url] = Breaker(self._rules, self._clock, changed)
        return breaker
