"""What a line of an invoice is evidenced by, and a month over all products."""

import datetime as dt
from typing import Any

from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.billing.api.document_serializers import BillingMonthSerializer, LineEvidenceSerializer, MonthQuery
from apps.billing.evidence import evidence_of, list_upcoming, month_of
from apps.billing.selectors import get_line
from apps.core import clock
from apps.core.errors import NotFound
from apps.core.rest.operations import operation

TAG = "Billing"
READ = TokenScope.BILLING_READ


class EvidenceView(OrganizationView):
    @operation(
        "getLineEvidence", "Show the usage behind a line of an invoice", tag=TAG, scope=READ,
        description="The units of each day; none for a line that charges no usage.", answer=LineEvidenceSerializer,
    )  # fmt: skip
    def get(self, request: Request, invoice_id: str, position: str) -> dict[str, Any]:
        if not (position.isascii() and position.isdecimal()):
            raise NotFound
        evidence = evidence_of(get_line(self.actor, invoice_id=invoice_id, position=int(position)))
        return {
            "used_units": evidence.used if evidence else 0,
            "included_units": evidence.quota.included_units if evidence else None,
            "extra_units": evidence.extra if evidence else 0,
            "days": [{"day": day, "units": units} for day, units in (evidence.days if evidence else ())],
        }


class MonthView(OrganizationView):
    @operation(
        "getBillingMonth", "Show a month over all products", tag=TAG, scope=READ, query=MonthQuery,
        description="What was issued in it (UTC), and the renewals to come.", answer=BillingMonthSerializer,
    )  # fmt: skip
    def get(self, request: Request) -> dict[str, Any]:
        today = clock.now().astimezone(dt.UTC)
        named = self.query.get("month", f"{today:%Y-%m}")
        month = month_of(self.actor, dt.datetime.strptime(named, "%Y-%m").replace(tzinfo=dt.UTC))
        sums = [
            {
                "currency": currency,
                "issued_amount": each.issued,
                "credited_amount": each.credited,
                "paid_amount": each.paid,
                "due_amount": each.due,
            }
            for currency, each in sorted(month.sums.items())
        ]
        return {
            "start": month.start,
            "end": month.end,
            "invoices": [invoice.public_id for invoice in month.invoices],
            "credit_notes": [note.public_id for note in month.credit_notes],
            "sums": sums,
            "upcoming": list_upcoming(self.actor),
        }
