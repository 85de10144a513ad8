"""A run over some days and all counters, what it says in the log, and what `/metrics` knows of the last one."""

import datetime as dt
import logging
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import QuerySet

from apps.core import clock
from apps.products.models import Endpoint
from apps.subscriptions.models import Subscription
from apps.usage.reconciliation.counters import list_counter_differences, repair_counters
from apps.usage.reconciliation.difference import Difference
from apps.usage.reconciliation.rollups import list_rollup_differences
from apps.usage.sums import floor_day

DAYS = 2  # of a nightly run: the day that has ended, and the one that runs
PAUSE_SECONDS = 5.0
# So many differences are named in the log, and kept; all are counted.
NAMED_MAX = 1000
_LAST_RUN = "usage.reconciliation"

logger = logging.getLogger(__name__)


class LastRun(NamedTuple):
    """When it ended, and how many differences it found."""

    ended_at: dt.datetime
    differences: int


class Reconciled(NamedTuple):
    """So many differences, so many of them of counters; the first `NAMED_MAX` are `lines`, in words."""

    differences: int
    counters: int
    lines: list[str]


def reconcile(*, days: int = DAYS, repair: bool = False, pause_seconds: float = PAUSE_SECONDS) -> Reconciled:
    """Compare the rollups of the last days, and every quota counter of a running period, with what they must be.

    Each difference is an error in the log. `repair` counts wrong counters anew; rollups are left for a person.
    Raises `LinkDown` or `DatabaseError`.
    """
    counters = list_counter_differences(pause_seconds=pause_seconds)
    count = 0
    named: list[Difference] = []
    for difference in (*counters, *_of_rollups(days)):
        count += 1
        if len(named) < NAMED_MAX:
            named.append(difference)
    lines = list(_in_words(named))
    for line in lines:
        logger.error("usage does not add up: %s", line)
    if repair and counters:
        repair_counters(one.subscription_id for one in counters if one.subscription_id is not None)
    cache.set(_LAST_RUN, LastRun(clock.now(), count), timeout=None)
    return Reconciled(count, len(counters), lines)


def last_run() -> LastRun | None:
    """None where there was none, or the cache lost it."""
    known: LastRun | None = cache.get(_LAST_RUN)
    return known


def _of_rollups(days: int) -> Iterator[Difference]:
    today = floor_day(clock.now())
    for number in reversed(range(days)):
        yield from list_rollup_differences(today - dt.timedelta(days=number))


def _in_words(differences: Iterable[Difference]) -> Iterator[str]:
    differences = list(differences)
    subscriptions = _public_ids(Subscription.objects.all(), [one.subscription_id for one in differences])
    endpoints = _public_ids(Endpoint.objects.all(), [one.endpoint_id for one in differences])
    for one in differences:
        whose = [subscriptions.get(one.subscription_id), endpoints.get(one.endpoint_id)]
        yield (
            f"{' '.join(name for name in whose if name) or 'of a row that is gone'} "
            f"{one.starts_at:%Y-%m-%dT%H:%M:%SZ}/{one.ends_at:%Y-%m-%dT%H:%M:%SZ} {one.where} {one.measure}: "
            f"expected {one.expected}, found {one.found}"
        )


def _public_ids(rows: QuerySet[Any], numbers: Iterable[int | None]) -> dict[int | None, str]:
    wanted = {number for number in numbers if number is not None}
    return dict(rows.filter(pk__in=wanted).values_list("pk", "public_id"))
