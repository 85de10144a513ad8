"""How numbers, money and periods are written: pure functions, the same on every page and in every mail.

Thousands are parted by a narrow no-break space, the unit follows after another; the decimal sign is the language's.
"""

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from django.utils import formats
from django.utils.translation import gettext as _

from apps.core.money import major_units, minor_unit_digits, unit_price_digits

NARROW_SPACE = "\u202f"
MINUS = "\u2212"
DASH = "\u2013"

Number = int | float | Decimal


class Quantity(NamedTuple):
    """A number as written and its unit, kept apart so that a page can show the unit in a lighter tone."""

    text: str
    unit: str

    def __str__(self) -> str:
        return f"{self.text}{NARROW_SPACE}{self.unit}" if self.unit else self.text


# Where nothing was measured.
NOTHING = Quantity(DASH, "")


def grouped(value: Number, digits: int = 0) -> str:
    """`1234567.5` with one digit: 1 234 567.5."""
    text = f"{abs(value):,.{digits}f}"
    whole, _dot, fraction = text.partition(".")
    whole = whole.replace(",", NARROW_SPACE)
    sign = MINUS if value < 0 and text.strip("0.,") else ""
    return f"{sign}{whole}{formats.get_format('DECIMAL_SEPARATOR')}{fraction}" if fraction else f"{sign}{whole}"


def count(value: Number) -> Quantity:
    return Quantity(grouped(value), "")


def compact(value: Number) -> Quantity:
    """At most three significant digits: 950, 1.2 k, 48 k, 3.4 M."""
    return _scaled(value, 1000, ("", "k", "M", "G", "T"))


def byte_size(value: Number) -> Quantity:
    """In binary units, as limits are set in them: 512 B, 1.5 KiB, 10 MiB."""
    return _scaled(value, 1024, ("B", "KiB", "MiB", "GiB", "TiB"))


def _scaled(value: Number, base: int, units: tuple[str, ...]) -> Quantity:
    number = float(value)
    step = 0
    # A number that would be rounded up to the base is written in the next unit: 999 960 is 1 M, not 1000 k.
    while round(abs(number), 0 if abs(number) >= 10 else 1) >= base and step < len(units) - 1:
        number /= base
        step += 1
    digits = 1 if step and abs(number) < 9.95 and round(number, 1) % 1 else 0
    return Quantity(grouped(number, digits), units[step])


def milliseconds(value: float) -> Quantity:
    """0.4 ms, 8.2 ms, 123 ms, 1.25 s."""
    if abs(value) >= 999.5:
        return Quantity(grouped(value / 1000, 2 if abs(value) < 10_000 else 1), "s")
    return Quantity(grouped(value, 1 if abs(value) < 9.95 and value else 0), "ms")


def microseconds(value: float) -> Quantity:
    return milliseconds(value / 1000)


def percent(value: float) -> Quantity:
    """A share of one, rounded so that what is not zero and not all never looks so: 0.0004 is < 0.1 %."""
    share = value * 100
    if 0 < share < 0.1:
        return Quantity("< " + grouped(0.1, 1), "%")
    if 99.9 < share < 100:
        return Quantity("> " + grouped(99.9, 1), "%")
    return Quantity(grouped(share, 1 if share % 1 and abs(share) < 99.95 and round(share, 1) % 1 else 0), "%")


def money(amount: int | Decimal, currency: str) -> Quantity:
    """Minor units and an ISO 4217 code: `2900, "USD"` is 29.00 USD, `2900, "JPY"` is 2 900 JPY."""
    return Quantity(grouped(major_units(amount, currency), minor_unit_digits(currency)), currency.upper())


def unit_price(unit_amount: Decimal, currency: str) -> Quantity:
    """A price that may be a fraction of the minor unit: `0.2, "USD"` is 0.002 USD, `20, "USD"` is 0.20 USD."""
    price = major_units(unit_amount, currency)
    return Quantity(grouped(price, unit_price_digits(unit_amount, currency)), currency.upper())


def period(start: dt.datetime, end: dt.datetime) -> str:
    """`[start, end)` in words: whole UTC days as the days they cover, anything else with its times."""
    start, end = start.astimezone(dt.UTC), end.astimezone(dt.UTC)
    if _is_midnight(start) and _is_midnight(end) and end > start:
        return _days(start.date(), end.date() - dt.timedelta(days=1))
    first = formats.date_format(start, "j M Y, H:i" if start.year != end.year else "j M, H:i")
    return f"{first} {DASH} {formats.date_format(end, 'j M Y, H:i')} UTC"


def _is_midnight(at: dt.datetime) -> bool:
    return at.time() == dt.time()


def _days(first: dt.date, last: dt.date) -> str:
    if first == last:
        return formats.date_format(first, "j F Y")
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}{DASH}{formats.date_format(last, 'j F Y')}"
    start = formats.date_format(first, "j F" if first.year == last.year else "j F Y")
    return f"{start} {DASH} {formats.date_format(last, 'j F Y')}"


def relative(at: dt.datetime, now: dt.datetime) -> str:
    """How long ago or how soon, in the largest whole unit: "just now", "3 hours ago", "in 2 days"."""
    seconds = (now - at).total_seconds()
    distance = abs(seconds)
    if distance < 45:
        return _("just now")
    for unit_seconds, below, past, future in (
        (60, 3600, _("%(n)s min ago"), _("in %(n)s min")),
        (3600, 86400, _("%(n)s h ago"), _("in %(n)s h")),
        (86400, 30 * 86400, _("%(n)s d ago"), _("in %(n)s d")),
    ):
        if distance < below - unit_seconds / 2:
            n = max(1, round(distance / unit_seconds))
            return (past if seconds > 0 else future) % {"n": n}
    return formats.date_format(at.astimezone(dt.UTC), "j M Y")
