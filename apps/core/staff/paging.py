from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

# A list has no more rows than these; whoever looks for others narrows it.
ROWS_MAX = 10_000


class CappedPaginator(Paginator[Any]):
    """Counts and pages no further than `ROWS_MAX`, so that a list costs the same however large its table is."""

    rows_max = ROWS_MAX

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows.order_by().values("pk")[: self.rows_max].count()
