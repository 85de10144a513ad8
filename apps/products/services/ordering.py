"""Rows of a product in the order that its creator gave them."""

from typing import TypeVar

from django.db.models import Manager

from apps.products.models import FaqEntry, SupportChannel

Row = TypeVar("Row", FaqEntry, SupportChannel)


def end_of(rows: "Manager[Row]") -> int:
    """The position behind all others."""
    last = rows.order_by("-position").values_list("position", flat=True).first()
    return 0 if last is None else last + 1


def move(rows: "Manager[Row]", row: Row, *, by: int) -> None:
    """Give the row, with its product locked, the place before (`by=-1`) or after (`by=1`) its neighbour.

    At the end of the list it stays. Positions become 0, 1, 2 …, whatever they were.
    """
    ordered = list(rows.order_by("position", "id"))
    place = ordered.index(row)
    target = max(0, min(len(ordered) - 1, place + by))
    ordered.insert(target, ordered.pop(place))
    for position, one in enumerate(ordered):
        one.position = position
    rows.bulk_update(ordered, ["position"])
