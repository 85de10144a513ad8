"""The transactions between which the network is asked."""

from contextlib import AbstractContextManager

from django.db import transaction

from apps.core import clock


def committed() -> AbstractContextManager[None]:
    """A transaction that is committed at the end of its block: inside another one it raises RuntimeError.

    Whoever goes on to ask somebody across the network uses it, as nothing may be held open meanwhile. A replay of the
    past (`clock.as_of`) is one transaction and asks nobody: there it is a part of that.
    """
    return transaction.atomic(durable=not clock.is_replaying())
