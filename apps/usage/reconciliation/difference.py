import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """One number that is not what it must be, of a subscription or, where it is of all consumers, of an endpoint.

    `where` is a table of rollups or `counter`; `measure` is its column, or `units`. The time is `[starts_at, ends_at)`.
    """

    where: str
    measure: str
    subscription_id: int | None
    endpoint_id: int | None
    starts_at: dt.datetime
    ends_at: dt.datetime
    expected: int
    found: int
