"""Fetching the one row that a request is about."""

from typing import TypeVar

from django.db.models import Model, QuerySet

from apps.core.errors import NotFound

Row = TypeVar("Row", bound=Model)


def first_or_not_found(rows: QuerySet[Row]) -> Row:
    """The first of the rows. Raises `NotFound` where there is none that the caller may see."""
    row = rows.first()
    if row is None:
        raise NotFound
    return row
