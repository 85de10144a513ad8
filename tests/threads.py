"""Calls at the same time, each in a thread with a database connection of its own."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

WAIT_SECONDS = 30


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Start the calls together; returns what each returned or raised, in their order."""
    together = threading.Barrier(len(calls))
    outcomes: list[Any] = [None] * len(calls)

    def run(number: int, call: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            together.wait(WAIT_SECONDS)
            outcomes[number] = call()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
            outcomes[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive(), "a deadlock"
    return outcomes


def refusals(outcomes: list[Any]) -> list[type[Exception]]:
    """The kinds of errors among the outcomes."""
    return [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)]
