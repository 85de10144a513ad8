"""Whether a list costs the same number of queries however long it is."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

# The second is more than any page shows at once.
FEW, MANY = 10, 60


def count_queries(read: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        read()
    return len(captured)


def assert_flat(grow: Callable[[int], Any], read: Callable[[], Iterable[Any]]) -> None:
    """`grow(n)` adds n rows, and `read` reads them with all that a page shows of each: at 10 rows as at 60."""
    grow(FEW)
    assert len(list(read())) == FEW
    few = count_queries(read)
    grow(MANY - FEW)
    assert len(list(read())) == MANY
    assert count_queries(read) == few
