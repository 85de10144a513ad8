"""Numbers without gaps in the year of an issuer: `INV-2026-000123`, and `CN-2026-000001` for credit notes."""

import datetime as dt

from django.db.models import F

from apps.billing.models import NumberSeries

# The platform is the only issuer; another legal entity would get series of its own.
PLATFORM = "platform"
INVOICES, CREDIT_NOTES = "INV", "CN"


def next_number(*, issuer: str, at: dt.datetime, prefix: str = INVOICES) -> str:
    """The next number of a series, in the caller's transaction: rolled back, it is given to the next one.

    Until the transaction ends nobody else gets one of the series, so it is taken as late as can be.
    """
    year = at.astimezone(dt.UTC).year
    series = NumberSeries.objects.filter(issuer=issuer, prefix=prefix, year=year)
    if not series.update(last_number=F("last_number") + 1):  # which locks it
        NumberSeries.objects.bulk_create([NumberSeries(issuer=issuer, prefix=prefix, year=year)], ignore_conflicts=True)
        series.update(last_number=F("last_number") + 1)
    return f"{prefix}-{year}-{series.values_list('last_number', flat=True).get():06}"
