"""Enqueueing: by name, always after commit, from this one function."""

from typing import Any

from celery import current_app
from django.db import transaction


def enqueue(name: str, **kwargs: Any) -> None:
    """Run the task `<app>.<verb>_<noun>` once the caller's transaction is committed."""
    transaction.on_commit(lambda: current_app.tasks[name].delay(**kwargs))
