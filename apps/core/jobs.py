"""Enqueueing: by name, always after commit, from this one function."""

import logging
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def enqueue(name: str, **kwargs: Any) -> None:
    """Run the task `<app>.<verb>_<noun>` once the caller's transaction is committed.

    A name that no task has raises here, before anything is committed. A broker that does not answer is
    logged and the work stays committed: what must not be lost needs a periodic task that finds it again.
    """
    task = current_app.tasks[name]

    def send() -> None:
        try:
            task.delay(**kwargs)
        except OperationalError:
            logger.exception("task %s with %s was not enqueued: the broker does not answer", name, kwargs)

    transaction.on_commit(send)
