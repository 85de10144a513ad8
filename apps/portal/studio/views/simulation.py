"""What saving a plan would change for its subscribers: a page before it is saved, and the same as CSV."""

import csv

from django.http import HttpResponse
from django.shortcuts import render

from apps.accounts.access import Actor
from apps.billing.simulation import SimulatedPeriod, simulate_version
from apps.plans.models import Plan
from apps.portal.access import PortalRequest
from apps.portal.forms import carried_out
from apps.portal.studio.forms.plan_editor import PlanEditor
from apps.products.models import Product

_COLUMNS = (
    "organization", "subscription", "version", "period_start", "period_end", "is_whole", "units", "currency",
    "old_price_amount", "old_overage_amount", "old_refused_units",
    "new_price_amount", "new_overage_amount", "new_refused_units", "difference_amount",
)  # fmt: skip


def simulation(
    request: PortalRequest, actor: Actor, product: Product, plan: Plan, editor: PlanEditor
) -> HttpResponse | None:
    """The answer to the button of the plan's form; None where the terms cannot be compared, said on the form."""
    rows = carried_out(editor.form, lambda: simulate_version(actor=actor, plan=plan, spec=editor.spec()))
    if rows is None:
        return None
    if request.POST.get("simulate") == "csv":
        return _csv(plan, rows)
    context = {
        "product": product,
        "plan": plan,
        "rows": rows,
        "old_total": sum(row.old.total_amount for row in rows),
        "new_total": sum(row.new.total_amount for row in rows),
        "dearer": sum(row.difference_amount > 0 for row in rows),
        "refused": sum(row.new.refused_units > row.old.refused_units for row in rows),
        # What was typed goes on to be saved, or to the CSV.
        "posted": [
            (name, value)
            for name, values in request.POST.lists()
            if name not in ("csrfmiddlewaretoken", "simulate")
            for value in values
        ],
    }
    return render(request, "studio/simulation.html", context)


def _csv(plan: Plan, rows: list[SimulatedPeriod]) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{plan.slug}-simulation.csv"'}
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
    writer = csv.writer(response)
    writer.writerow(_COLUMNS)
    for row in rows:
        one = row.subscription
        writer.writerow(
            [
                one.organization.slug, one.public_id, one.plan.version, row.start.isoformat(), row.end.isoformat(),
                row.is_whole, row.units, plan.currency,
                row.old.price_amount, row.old.overage_amount, row.old.refused_units,
                row.new.price_amount, row.new.overage_amount, row.new.refused_units, row.difference_amount,
            ]
        )  # fmt: skip
    return response
