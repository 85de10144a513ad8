"""The history of the demo, lived through in order of time: what happened, what was called, what was billed.

Between two happenings every subscription makes its calls, and each period that ends is turned, rated and charged by the
functions that the periodic jobs call. So dates, invoice numbers and balances are those of a marketplace that ran.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from operator import itemgetter

from django.db.models import Min

from apps.billing.enums import CheckoutStatus
from apps.billing.models import Checkout
from apps.billing.services import close_due_periods, expire_checkouts
from apps.core import clock
from apps.demo import usage
from apps.demo.usage import SubscriptionPast
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription

Deed = Callable[[], object]

# The periodic jobs run every minute: what falls due is worked on a little later.
_LATER = dt.timedelta(seconds=40)


class Replay:
    """Plan what happened with `at`, then `run` to the present."""

    def __init__(self, now: dt.datetime) -> None:
        self._now = now
        self._deeds: list[tuple[dt.datetime, Deed]] = []
        self._pasts: list[SubscriptionPast] = []
        self.calls = self.rejections = 0

    def at(self, moment: dt.datetime, deed: Deed) -> None:
        """Have the deed done at this instant; those of the same instant in the order in which they were given."""
        self._deeds.append((moment, deed))

    def follow(self, pasts: Iterable[SubscriptionPast]) -> None:
        """Let these subscriptions make their calls from now on."""
        self._pasts += pasts

    def run(self) -> None:
        for moment, deed in sorted(self._deeds, key=itemgetter(0)):
            self._live_until(moment)
            with clock.as_of(moment):
                deed()
        self._live_until(self._now)

    def store(self, history: usage.History) -> None:
        usage.store(history)
        self.calls += len(history.events)
        self.rejections += len(history.rejections)

    def _live_until(self, moment: dt.datetime) -> None:
        last = None
        while (due := self._next_due()) is not None and due <= moment:
            if due == last:
                raise RuntimeError(f"What fell due at {due} could not be closed; the log says why.")
            self._call_until(due)
            with clock.as_of(due):
                expire_checkouts()
                close_due_periods()
            last = due
        self._call_until(moment)

    def _next_due(self) -> dt.datetime | None:
        """When the next period or checkout is closed."""
        period = Subscription.objects.filter(status__in=SubscriptionStatus.begun()).aggregate(
            end=Min("current_period_end")
        )["end"]
        checkout = Checkout.objects.filter(status=CheckoutStatus.OPEN).aggregate(end=Min("expires_at"))["end"]
        ends = [end for end in (period, checkout) if end is not None]
        return min(ends) + _LATER if ends else None

    def _call_until(self, moment: dt.datetime) -> None:
        """Every call before this instant, stored."""
        history, current = usage.History(), usage.standings(self._pasts)
        for past in self._pasts:
            past.add_until(moment, current[past.subscription.pk], history)
        self.store(history)
