"""Extra units as lines of an invoice."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from apps.billing.enums import LineKind
from apps.billing.rating import TierCharge
from apps.billing.services.invoicing import LineSpec
from apps.plans.models import Quota


def lines_of_charges(
    quota: Quota, charges: Iterable[TierCharge], *, start: dt.datetime, end: dt.datetime
) -> list[LineSpec]:
    """A line for each tier that charges something, and one for each flat price; `[start, end)` is when it was used.

    `quota` comes with its plan and product. Each line is its quantity times its price, rounded once.
    """
    plan = quota.plan
    beyond = f"beyond the {quota.included_units:,} of {plan.name}"
    lines = []
    for charge in charges:
        units = "units"
        if quota.is_graduated:
            units = f"units {charge.first_unit:,} to {charge.first_unit + charge.units - 1:,}"
        if charge.amount:
            what = f"{plan.product.name}: {units} {beyond}"
            unit_amount = charge.tier.unit_amount
            lines.append(
                LineSpec(LineKind.OVERAGE, what, plan, start, end, charge.amount, unit_amount, quantity=charge.units)
            )
        if charge.flat_amount:
            what = f"{plan.product.name}: flat price for {units} {beyond}"
            flat = charge.flat_amount
            lines.append(LineSpec(LineKind.OVERAGE, what, plan, start, end, flat, Decimal(flat)))
    return lines
