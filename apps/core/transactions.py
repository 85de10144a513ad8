"""The transactions between which the network is asked."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import transaction

from apps.core import clock
from apps.core.errors import Conflict

Params = ParamSpec("Params")
Result = TypeVar("Result")

# How often work is done again with an answer: each time, what it asks may have changed meanwhile.
ATTEMPTS = 3

_began_at: ContextVar[dt.datetime | None] = ContextVar("began_at", default=None)


class AnswerNeeded(Exception):
    """Work cannot go on without an answer from across the network, and is undone; see `with_answers`."""

    def fetch(self) -> None:
        """Ask, and store the answer where the work finds it. Runs outside any transaction."""
        raise NotImplementedError


def committed() -> AbstractContextManager[None]:
    """A transaction that is committed at the end of its block: inside another one it raises RuntimeError.

    Whoever goes on to ask somebody across the network uses it, as nothing may be held open meanwhile. A replay of the
    past (`clock.as_of`) is one transaction and asks nobody: there it is a part of that.
    """
    return transaction.atomic(durable=not clock.is_replaying())


def with_answers(work: Callable[[], Result]) -> Result:
    """Do work that finds out within its transaction what it has to ask; ask outside, and do it again.

    Inside another transaction, `AnswerNeeded` goes on to whoever began that one. Raises `Conflict` where the work asks
    something else each time.
    """
    token = _began_at.set(_began_at.get() or clock.now())
    try:
        for _attempt in range(ATTEMPTS):
            try:
                return work()
            except AnswerNeeded as needed:
                if _is_inside_another():
                    raise
                needed.fetch()
        try:
            return work()
        except AnswerNeeded as needed:
            raise Conflict from needed
    finally:
        _began_at.reset(token)


def _is_inside_another() -> bool:
    """Whether a transaction is open that is not committed here."""
    try:
        with transaction.atomic(durable=True):
            return False
    except RuntimeError:
        return True


def answering(service: Callable[Params, Result]) -> Callable[Params, Result]:
    """A service that is done `with_answers`."""

    @wraps(service)
    def run(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        return with_answers(lambda: service(*args, **kwargs))

    return run


def work_began_at() -> dt.datetime:
    """When the outermost `with_answers` began: the same however often the work is done."""
    return _began_at.get() or clock.now()
