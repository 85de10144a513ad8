"""When the end of a key is announced: 7 days and 1 day before."""

import datetime as dt

# Days before the end, the earliest first.
THRESHOLDS = (7, 1)


def past_thresholds(expires_at: dt.datetime | None, now: dt.datetime) -> int | None:
    """The last threshold that has passed, in days before the end; None where none has."""
    if expires_at is None:
        return None
    return next((days for days in reversed(THRESHOLDS) if expires_at - now <= dt.timedelta(days=days)), None)
