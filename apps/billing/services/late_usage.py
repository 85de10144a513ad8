"""Calls that were stored after their period was charged go to the next invoice, and change none that is issued."""

import datetime as dt
import logging

from django.db import transaction

from apps.billing.models import UsageStretch
from apps.billing.rating import rate_by_tier
from apps.billing.services.items import add_items
from apps.billing.services.overage import lines_of_charges
from apps.billing.services.stretches import count_extra_units
from apps.core import clock

# How long after its end a stretch is counted again.
LOOKED_BACK = dt.timedelta(days=40)

logger = logging.getLogger(__name__)


def find_late_usage() -> int:
    """Count again what was charged lately; for how many stretches more was found."""
    since = clock.now() - LOOKED_BACK
    rated = UsageStretch.objects.filter(rated_units__isnull=False, end__gte=since)
    found = 0
    for pk in list(rated.order_by("pk").values_list("pk", flat=True)):
        try:
            found += _count_again(pk)
        except Exception:
            # One that cannot be counted does not stand in the way of the others.
            logger.exception("the usage of stretch %s cannot be counted again", pk)
    return found


@transaction.atomic
def _count_again(pk: int) -> bool:
    stretch = (
        UsageStretch.objects.select_for_update(of=("self",))
        .select_related("subscription", "quota__plan__product")
        .get(pk=pk)
    )
    quota, units, rated = stretch.quota, count_extra_units(stretch), stretch.rated_units
    if rated is None or units <= rated:
        return False
    charges = rate_by_tier(units, quota.tier_prices, rated_units=rated)
    add_items(
        subscription=stretch.subscription,
        currency=quota.plan.currency,
        lines=lines_of_charges(quota, charges, start=stretch.start, end=stretch.end),
        source=f"late:{stretch.pk}:{units}",
    )
    stretch.rated_units = units
    stretch.save(update_fields=["rated_units"])
    return True
