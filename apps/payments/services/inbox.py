"""What providers tell us: stored as it comes, and processed until that has worked once."""

import datetime as dt
import logging
from typing import Any

from django.db import transaction

from apps.core import clock
from apps.core.jobs import enqueue
from apps.payments import events
from apps.payments.errors import NotOurs
from apps.payments.models import ProviderEvent

AT_ONCE_MAX = 1000
# After the first failure and at most; it doubles in between.
WAIT_FIRST = dt.timedelta(seconds=15)
WAIT_MAX = dt.timedelta(hours=6)

logger = logging.getLogger(__name__)


@transaction.atomic
def receive_event(
    *, provider: str, event_id: str, kind: str, payload: Any, account: str = "", livemode: bool = False
) -> ProviderEvent:
    """Store an event whose sender was verified; one that is known stays as it is. It is processed after the commit.

    `account` is the connected account that it is about, empty for the platform's own.
    """
    event, is_new = ProviderEvent.objects.get_or_create(
        provider=provider,
        event_id=event_id,
        defaults={"kind": kind, "payload": payload, "account": account, "livemode": livemode},
    )
    if is_new:
        enqueue("payments.process_events")
    return event


def process_events() -> int:
    """Process what waits, each event in a transaction of its own; how many are done with.

    Several may run at once: an event is taken by one of them. One that fails is tried again later and later, and does
    not stand in the way of the others.
    """
    done = 0
    for _ in range(AT_ONCE_MAX):
        with transaction.atomic():
            waiting = ProviderEvent.objects.filter(processed_at__isnull=True, next_attempt_at__lte=clock.now())
            event = waiting.select_for_update(skip_locked=True).order_by("next_attempt_at", "pk").first()
            if event is None:
                break
            done += _process(event)
    return done


def _process(event: ProviderEvent) -> bool:
    event.attempts += 1
    word = ""
    try:
        try:
            with transaction.atomic():
                events.handle(event)
        except NotOurs as known:
            word = str(known)[:500]
            logger.warning("event %s (%s) is none of ours: %s", event.event_id, event.kind, word)
        # What was done stays done where the copy fails; handlers may run again.
        with transaction.atomic():
            events.mirror(event)
    except Exception as error:
        logger.exception("event %s (%s) cannot be processed", event.event_id, event.kind)
        event.error = f"{type(error).__name__}: {error}"[:500]
        event.next_attempt_at = clock.now() + _wait_after(event.attempts)
    else:
        event.error = word
        event.processed_at = clock.now()
    event.save(update_fields=["attempts", "error", "next_attempt_at", "processed_at"])
    return event.processed_at is not None


def _wait_after(attempts: int) -> dt.timedelta:
    doublings = min(attempts - 1, 20)
    return min(WAIT_FIRST * (1 << doublings), WAIT_MAX)
