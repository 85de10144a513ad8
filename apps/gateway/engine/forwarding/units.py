"""What a call costs by its backend's own account: a header of the answer says its units (tokens, rows).

The most that an endpoint's call can cost is reserved, and what is reported is settled. The consumer gets what is
billed in `X-Usage-Units`, in place of the backend's own field.
"""

import logging
import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum, auto

from apps.gateway.engine.messages.request import Header

BILLED_UNITS_HEADER = b"x-usage-units"
# No sum of such numbers leaves a bigint.
_DIGITS_MAX = 15
_NUMBER = re.compile(rb"0*([0-9]+)")

logger = logging.getLogger(__name__)


class UnitFault(StrEnum):
    """A report that could not be billed as it stood."""

    EXCESS = auto()  # more than the endpoint's maximum: the maximum is billed
    INVALID = auto()  # not one whole number: the endpoint's weight is billed


# How many there were in this process.
unit_faults: Counter[UnitFault] = Counter()


def reported_units(headers: Sequence[Header], *, name: bytes, weight: int, maximum: int, request_id: str) -> int:
    """The units of an answer. Without a report it is the weight. Faults are counted and written down."""
    values = {value.strip() for header, value in headers if header == name}
    if not values:
        return weight
    text = values.pop()
    number = _NUMBER.fullmatch(text)
    if values or number is None:
        _fault(UnitFault.INVALID, request_id, f"{text[:40]!r} is no number of units; {weight} are billed")
        return weight
    units = int(number[1]) if len(number[1]) <= _DIGITS_MAX else maximum + 1
    if units > maximum:
        _fault(
            UnitFault.EXCESS, request_id, f"{text[:40]!r} units are more than the maximum of {maximum}, which is billed"
        )
    return min(units, maximum)


def with_billed_units(headers: Sequence[Header], *, name: bytes, units: int) -> list[Header]:
    """The headers of an answer with the units that it is billed, in place of what the backend said of them."""
    kept = [header for header in headers if header[0] not in (name, BILLED_UNITS_HEADER)]
    return [*kept, (BILLED_UNITS_HEADER, b"%d" % units)]


def _fault(fault: UnitFault, request_id: str, what: str) -> None:
    unit_faults[fault] += 1
    logger.warning("call %s: %s", request_id, what)
