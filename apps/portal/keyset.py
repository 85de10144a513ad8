"""Pages of a list that grows at its head: found by the time and id of a row, so that no page shifts or slows down."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from apps.core.errors import NotFound

M = TypeVar("M", bound=Model)

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_CURSOR = re.compile(r"([0-9]{1,18})\.([0-9a-f-]{1,36})")


@dataclass(frozen=True)
class KeysetPage(Generic[M]):
    """`newer` and `older` are values of `?after=` and `?before=`; empty where the list ends."""

    rows: list[M]
    newer: str
    older: str


def keyset_page(queryset: QuerySet[M], params: Mapping[str, str], *, time_field: str, size: int) -> KeysetPage[M]:
    """The page that `?before=` or `?after=` points at, of a queryset ordered by time and id, newest first.

    Raises `NotFound` for a cursor that none of our pages has.
    """
    before, after = params.get("before", ""), params.get("after", "")
    if after:
        newer = _beyond(queryset, after, time_field, "gt").reverse()
        found = list(newer[: size + 1])
        rows = list(reversed(found[:size]))
        has_newer, has_older = len(found) > size, True
    else:
        older = _beyond(queryset, before, time_field, "lt") if before else queryset
        found = list(older[: size + 1])
        rows = found[:size]
        has_newer, has_older = bool(before), len(found) > size
    return KeysetPage(
        rows=rows,
        newer=_cursor(rows[0], time_field) if rows and has_newer else "",
        older=_cursor(rows[-1], time_field) if rows and has_older else "",
    )


def _cursor(row: Model, time_field: str) -> str:
    at: dt.datetime = getattr(row, time_field)
    return f"{(at - _EPOCH) // dt.timedelta(microseconds=1)}.{row.pk}"


def _beyond(queryset: QuerySet[M], cursor: str, time_field: str, direction: str) -> QuerySet[M]:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise NotFound
    try:
        at = _EPOCH + dt.timedelta(microseconds=int(match[1]))
        # The first condition lets the index on the time find the place.
        return queryset.filter(
            Q(**{f"{time_field}__{direction}": at}) | Q(**{time_field: at, f"pk__{direction}": match[2]}),
            **{f"{time_field}__{direction}e": at},
        )
    except (OverflowError, ValueError, ValidationError):
        raise NotFound from None
