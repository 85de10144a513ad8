"""What must hold once everything is at rest: each acknowledged call has one row, and every sum is that of the rows."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Sum

from apps.core import clock
from apps.subscriptions.models import Subscription
from apps.usage import selectors, services
from apps.usage.models import (
    EndpointDay,
    QuarantinedEntry,
    QuotaPeriod,
    StaleCounter,
    SubscriptionDay,
    SubscriptionEndpointDay,
    UsageEvent,
    UsageRollup,
)
from tests.chaos.load import Attempt
from tests.counters import quota_counter
from tests.processes import wait_until

_ROLLUPS = (UsageRollup, SubscriptionDay, SubscriptionEndpointDay, EndpointDay)


@dataclass
class Verdict:
    """`lost`, `doubled` and `faults` must be nothing. A row without an acknowledgement is of a call that broke."""

    calls: int
    acknowledged: int = 0
    refused: int = 0
    broken: int = 0
    lost: int = 0
    doubled: int = 0
    unacknowledged: int = 0  # billed rows of calls whose connection broke before their client had the whole answer
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.faults)


def wait_for_rest(subscriptions: Sequence[Subscription], *, seconds: float = 120.0) -> None:
    """Until every call that was reserved before now is stored or given up."""
    now = clock.now()

    def is_complete() -> bool:
        until: dt.datetime | None = selectors.find_complete_until(subscriptions)
        return until is not None and until >= now

    wait_until(is_complete, seconds=seconds, what="everything is stored or given up")
    wait_until(lambda: not StaleCounter.objects.exists(), seconds=seconds, what="every counter is counted anew")


def prove(attempts: Mapping[int, Attempt], subscriptions: Sequence[Subscription], *, counters_url: str) -> Verdict:
    """Compare what the clients saw with what is stored and counted of these subscriptions, which made no others."""
    verdict = Verdict(calls=len(attempts))
    numbers = [one.pk for one in subscriptions]
    rows = list(UsageEvent.objects.filter(subscription__in=numbers).values_list("id", "path", "units"))
    billed = {f"req_{event_id.hex}" for event_id, _, units in rows if units == 1}
    paths = Counter(path for _, path, _ in rows)
    units_of_path = {path: units for _, path, units in rows}
    verdict.doubled = sum(count - 1 for count in paths.values())
    for number, attempt in attempts.items():
        units = units_of_path.pop(f"/calls/{number}", 0)
        if attempt.is_acknowledged:
            verdict.acknowledged += 1
            verdict.lost += attempt.request_id not in billed
        elif attempt.status:
            verdict.refused += 1
            if attempt.status != 503 or units:
                verdict.faults.append(f"call {number} was answered {attempt.status} and billed {units} units")
        else:
            verdict.broken += 1
            verdict.unacknowledged += units
    verdict.faults += [f"nobody made the call {path}" for path in units_of_path]
    for subscription in subscriptions:
        verdict.faults += _sums(subscription, counters_url)
    if quarantined := QuarantinedEntry.objects.count():
        verdict.faults.append(f"{quarantined} entries are in quarantine")
    return verdict


def _sums(subscription: Subscription, counters_url: str) -> list[str]:
    """What is not the sum of the subscription's rows."""
    rows = UsageEvent.objects.filter(subscription=subscription)
    expected = rows.aggregate(units=Sum("units", default=0))["units"]
    services.record_quota_periods()
    found = {"counter": quota_counter(subscription.pk, url=counters_url)}
    found["quota period"] = QuotaPeriod.objects.filter(subscription=subscription).aggregate(n=Sum("used_units"))["n"]
    for model in _ROLLUPS:
        # A product has one subscription here, so what is of its endpoints is of the subscription.
        sums = model.objects.filter(product=subscription.product_id).aggregate(units=Sum("units"), calls=Sum("calls"))
        found[model.__name__] = sums["units"]
        if sums["calls"] != rows.count():
            found[f"calls of {model.__name__}"] = sums["calls"]
    return [
        f"subscription {subscription.pk}: {name} is {value}, {expected} are stored"
        for name, value in found.items()
        if value != expected
    ]
