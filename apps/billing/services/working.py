"""Work on many rows, each locked and in a transaction of its own.

Rows are taken in the order of their keys, with SKIP LOCKED: memory does not grow with their number, and several
processes that work on the same rows share them. What fails stands in nobody's way.
"""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet

from apps.billing.errors import TaxNotKnown
from apps.core.transactions import with_answers
from apps.payments.errors import PaymentPending

Row = TypeVar("Row", bound=Model)

KEYS_AT_ONCE = 200

logger = logging.getLogger(__name__)


class Deadline:
    """When to stop taking rows; None is never. What is left is found the next time."""

    def __init__(self, seconds: int | None = None) -> None:
        self._at = None if seconds is None else time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        return self._at is not None and time.monotonic() >= self._at


def work_on_each(rows: QuerySet[Row], work: Callable[[Row], bool], *, until: Deadline) -> int:
    """Work once on each row that is among `rows` when its turn comes; how often `work` says that something was done.

    `rows` are told by conditions on their own columns, which hold again once the row is locked.
    """
    done, last = 0, 0
    while keys := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:KEYS_AT_ONCE]):
        for key in keys:
            if until.is_over:
                return done
            done += _work(rows, key, work)
        last = keys[-1]
    return done


def _work(rows: QuerySet[Row], key: int, work: Callable[[Row], bool]) -> bool:
    try:
        return with_answers(lambda: _work_once(rows, key, work))
    except PaymentPending:
        return False  # what the payment comes to is known within a minute
    except TaxNotKnown:
        return False  # why stands on the draft
    except Exception:
        logger.exception("%s %s cannot be worked on", rows.model.__name__, key)
        return False


@transaction.atomic
def _work_once(rows: QuerySet[Row], key: int, work: Callable[[Row], bool]) -> bool:
    row = rows.select_for_update(of=("self",), skip_locked=True, no_key=True).filter(pk=key).first()
    return row is not None and work(row)
