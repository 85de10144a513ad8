"""What the admin pages of all apps share: staff look at everything and write only through services."""

from typing import Any, TypeVar

from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.utils import flatten
from django.db import models
from django.http import HttpRequest

Row = TypeVar("Row", bound=models.Model)


class _ReadOnly(BaseModelAdmin[Row]):
    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> list[Any]:
        # Named, since Django leaves fields that are not editable out of a page otherwise.
        return flatten(self.fields or [])

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False


class ReadOnlyAdmin(_ReadOnly[Row], admin.ModelAdmin[Row]):
    """Pages to find and read rows. The number of all rows is not counted: some tables are large."""

    show_full_result_count = False
    list_per_page = 50


class ReadOnlyInline(_ReadOnly[Row], admin.TabularInline[Row, Any]):
    """The rows that belong to another one, on its page."""

    extra = 0
    # The related rows that its columns name, so that they are read at once.
    select_related: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Row]":
        return super().get_queryset(request).select_related(*self.select_related)
