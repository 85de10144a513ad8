"""Pages of a list by cursor: the place after the last row, so that rows that come or go shift nothing."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet

from apps.core.rest.errors import CursorInvalid

LIMIT_DEFAULT = 25
LIMIT_MAX = 100
_SALT = "core.rest.cursor"

Row = TypeVar("Row", bound=Model)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """`next_cursor` asks for the rows after these; None on the last page."""

    items: Sequence[Item]
    next_cursor: str | None


def paginate(rows: QuerySet[Row], ordering: Sequence[str], *, name: str, cursor: str, limit: int) -> Page[Row]:
    """The rows after the cursor (from the first one where it is empty), ordered by fields that are never null.

    The last field of `ordering` is unique. A cursor is signed and good for the list `name` in this ordering alone:
    what comes back in it can be put into a query. Raises `CursorInvalid`.
    """
    label = f"{name} {','.join(ordering)}"
    if cursor:
        rows = rows.filter(_after(ordering, open_cursor(label, cursor)))
    found = list(rows.order_by(*ordering)[: limit + 1])
    if len(found) <= limit:
        return Page(found, None)
    last = found[limit - 1]
    values = [_packed(getattr(last, field.removeprefix("-"))) for field in ordering]
    return Page(found[:limit], seal_cursor(label, values))


def seal_cursor(label: str, values: Any) -> str:
    """JSON values as an opaque text that only `open_cursor` with the same label takes."""
    return signing.dumps([label, values], salt=_SALT)


def open_cursor(label: str, cursor: str) -> Any:
    """The values that were sealed. Raises `CursorInvalid` for any other text."""
    try:
        sealed_label, values = signing.loads(cursor, salt=_SALT)
    except (signing.BadSignature, ValueError):
        raise CursorInvalid from None
    if sealed_label != label:
        raise CursorInvalid
    return values


def _after(ordering: Sequence[str], values: Sequence[Any]) -> Q:
    """What comes after the row with these values: the first field is further, or equal and the second is further …"""
    condition, equal = Q(), Q()
    for field, value in zip(ordering, map(_unpacked, values), strict=True):
        name = field.removeprefix("-")
        condition |= equal & Q(**{f"{name}__{'lt' if field.startswith('-') else 'gt'}": value})
        equal &= Q(**{name: value})
    return condition


def _packed(value: Any) -> Any:
    return {"at": value.isoformat()} if isinstance(value, dt.datetime) else value


def _unpacked(value: Any) -> Any:
    return dt.datetime.fromisoformat(value["at"]) if isinstance(value, dict) else value
