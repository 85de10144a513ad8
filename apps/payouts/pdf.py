"""A statement as PDF: typst sets the template with data passed as JSON; see `apps.billing.pdf` for what it may read."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import typst
from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.billing.notices import amount_in_words
from apps.payouts.selectors.statements import Statement

TEMPLATE = Path(settings.BASE_DIR) / "templates" / "payouts" / "statement.typ"


def render_statement(found: Statement) -> bytes:
    """The same statement gives the same bytes."""
    compiled = typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        font_paths=_fonts(tuple(settings.INVOICE_FONT_DIRS)),
        format="pdf",
        sys_inputs={"statement": json.dumps(statement_data(found))},
        timestamp=found.end,
    )
    assert isinstance(compiled, bytes)  # one document
    return compiled


def statement_data(found: Statement) -> dict[str, Any]:
    """All that stands on the page, as text."""
    rows = [
        (_("Sales (%(count)s)") % {"count": f"{found.sales:,}"}, found.gross_amount),
        (_("Refunds"), found.refund_amount),
        (_("Disputes"), found.dispute_amount),
        (_("Commission of the platform"), found.commission_amount),
        (_("Tax"), found.tax_amount),
        (_("Adjustments"), found.adjustment_amount),
    ]
    return {
        "title": _("Statement"),
        "period": date_format(found.start, "F Y"),
        "issuer": {"name": settings.INVOICE_ISSUER_NAME, "address": settings.INVOICE_ISSUER_ADDRESS.splitlines()},
        "organization": {"name": found.organization.name, "id": found.organization.public_id},
        "opening": (_("Balance at the start"), _amount(found.opening_amount, found)),
        "rows": [(label, _amount(amount, found)) for label, amount in rows],
        "net": (_("Earned"), _amount(found.net_amount, found)),
        "payouts": (_("Paid out"), _amount(found.payout_amount, found)),
        "closing": (_("Balance at the end"), _amount(found.closing_amount, found)),
        "note": _(
            "From the first day of the month to its last, UTC. Amounts of sales are what consumers paid, with tax."
        ),
    }


def _amount(amount: int, found: Statement) -> str:
    return amount_in_words(amount, found.currency)


@cache
def _fonts(directories: tuple[str, ...]) -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=list(directories))
