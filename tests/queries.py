"""Whether a list costs the same number of queries however long it is."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

# A query for each row is seen at any two numbers; that nothing changes beyond a page, at the 200 of the long run.
FEW, MANY = 10, 30


def count_queries(read: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        read()
    return len(captured)


def assert_flat(grow: Callable[[int], Any], read: Callable[[], Iterable[Any]]) -> None:
    """`grow(n)` adds n rows, and `read` reads them with all that a page shows of each: at 10 rows as at 30."""
    grow(FEW)
    assert len(list(read())) == FEW
    few = count_queries(read)
    grow(MANY - FEW)
    assert len(list(read())) == MANY
    assert count_queries(read) == few
