"""Invoice numbers: `INV-2026-000123`, without gaps in the year of an issuer."""

import datetime as dt

from apps.billing.models import NumberSeries

# The platform is the only issuer; another legal entity would get a series of its own.
PLATFORM = "platform"


def next_number(*, issuer: str, at: dt.datetime) -> str:
    """The next number, in the caller's transaction: rolled back, it is given to the next invoice.

    Until the transaction ends nobody else gets one of the series, so it is taken as late as can be.
    """
    year = at.astimezone(dt.UTC).year
    NumberSeries.objects.bulk_create([NumberSeries(issuer=issuer, year=year)], ignore_conflicts=True)
    series = NumberSeries.objects.select_for_update().get(issuer=issuer, year=year)
    series.last_number += 1
    series.save(update_fields=["last_number"])
    return f"INV-{year}-{series.last_number:06}"
