"""Numbered pages of a list that may be long: how many rows there are is counted up to a bound."""

from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.utils.functional import cached_property

# Who has looked through so many narrows the list down; counting more would only slow every page.
ROWS_MAX = 1000


class CappedPaginator(Paginator[Model]):
    """Shows the first `ROWS_MAX` rows; `is_capped` says that there are more."""

    object_list: QuerySet[Model]

    @cached_property
    def _found(self) -> int:
        return self.object_list.order_by()[: ROWS_MAX + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._found, ROWS_MAX)

    @property
    def is_capped(self) -> bool:
        return self._found > ROWS_MAX
