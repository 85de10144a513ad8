"""What the admin pages of all apps share: staff look at everything and write only through services."""

from apps.core.staff.actions import staff_action
from apps.core.staff.lists import ReadOnlyAdmin, ReadOnlyInline, StaffAdmin
from apps.core.staff.meanings import also_means
from apps.core.staff.paging import ROWS_MAX, CappedPaginator

__all__ = [
    "ROWS_MAX",
    "CappedPaginator",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "StaffAdmin",
    "also_means",
    "staff_action",
]
