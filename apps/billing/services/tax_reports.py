"""Telling Stripe's tax reports of invoices that were paid, and of what was taken back of them.

The rows are written with what they are about; `report_tax` asks Stripe afterwards, until it has answered.
"""

import logging

from django.db import transaction

from apps.accounts.audit import record_event
from apps.accounts.models import User
from apps.accounts.staff import checked_reason, require_staff
from apps.billing.enums import TaxReportStatus
from apps.billing.errors import NothingToReport
from apps.billing.models import CreditNote, Invoice, TaxCalculation, TaxReport
from apps.billing.models.stripe_tax import PROBLEM_MAX
from apps.core import clock
from apps.core.ids import random_base62
from apps.core.money import allocate
from apps.core.rows import first_or_not_found
from apps.core.transactions import committed
from apps.payments import tax as provider
from apps.payments.errors import ProviderUnavailable
from apps.payments.providers.tax_terms import KeySpent, Reversal, TaxRefused

PERMISSION = "billing.change_taxreport"
NO_ANSWER = "Stripe gave no answer; it is asked again."

logger = logging.getLogger(__name__)


def note_sale(*, invoice: Invoice) -> None:
    """An invoice is paid: to be reported, where Stripe reckoned its tax, with what was credited of it before."""
    if not TaxCalculation.objects.filter(invoice=invoice).exists():
        return
    notes = [None, *CreditNote.objects.filter(invoice=invoice).order_by("pk")]
    TaxReport.objects.bulk_create(_new(invoice, note) for note in notes)


def note_credit(*, note: CreditNote) -> None:
    """Something was credited: to be reported, where the invoice is."""
    if TaxReport.objects.filter(invoice=note.invoice, credit_note__isnull=True).exists():
        _new(note.invoice, note).save()


def report_tax() -> int:
    """Tell Stripe what it has not been told; how many rows. Cannot be called inside a transaction."""
    reported = 0
    waiting = TaxReport.objects.filter(status=TaxReportStatus.WAITING)
    for pk in list(waiting.order_by("pk").values_list("pk", flat=True)):
        try:
            reported += _report(pk)
        except Exception:
            # One that cannot be reported does not stand in the way of the others.
            logger.exception("tax report %s cannot be made", pk)
    return reported


@transaction.atomic
def retry_tax_report(*, staff: User, report: TaxReport, reason: str) -> TaxReport:
    """Have Stripe asked again for what it refused. Raises `NothingToReport` where it did not."""
    require_staff(staff, PERMISSION)
    why = checked_reason(reason)
    report = first_or_not_found(TaxReport.objects.select_for_update(of=("self",)).filter(pk=report.pk))
    if report.status != TaxReportStatus.REFUSED:
        raise NothingToReport
    report.status, report.idempotency_key = TaxReportStatus.WAITING, _new_key(report.invoice)
    report.save(update_fields=["status", "idempotency_key"])
    summary = f"Asked Stripe again to report {report.credit_note or report.invoice}: {why}"
    record_event(organization=None, actor=staff, action="tax_report.retried", target=report.public_id, summary=summary)
    return report


def _report(pk: int) -> bool:
    with committed():
        report = _prepared(pk)
    if report is None:
        return False
    key = report.idempotency_key
    try:
        if report.credit_note is None:
            sale = provider.record_sale(
                idempotency_key=key,
                calculation=report.invoice.tax_calculation.reference,
                reference=report.invoice.number,
            )
            for line in report.lines:
                line["item"] = sale.items[line["place"]]
            report.reference = sale.reference
        else:
            report.reference = provider.reverse_sale(
                idempotency_key=key,
                sale=_sale_of(report.invoice).reference,
                reference=report.credit_note.number,
                parts=[Reversal(line["item"], line["amount"], line["tax"]) for line in report.lines],
                currency=report.invoice.currency,
            )
    except TaxRefused as refusal:
        logger.error("tax report %s is refused: %s", report, refusal)
        return _store(report, TaxReportStatus.REFUSED, str(refusal))
    except KeySpent:
        # A reference is taken once: what was carried out all the same is refused now, and not done twice.
        report.idempotency_key = _new_key(report.invoice)
        return _store(report, TaxReportStatus.WAITING, NO_ANSWER)
    except ProviderUnavailable:
        return _store(report, TaxReportStatus.WAITING, NO_ANSWER)
    report.reported_at = clock.now()
    return _store(report, TaxReportStatus.REPORTED, "")


def _prepared(pk: int) -> TaxReport | None:
    """The row with its lines, stored before Stripe is asked; None while another one is to be made first."""
    report = (
        TaxReport.objects.select_for_update(of=("self",))
        .select_related("invoice__tax_calculation", "credit_note")
        .get(pk=pk)
    )
    earlier = TaxReport.objects.filter(invoice=report.invoice, pk__lt=pk)
    if report.status != TaxReportStatus.WAITING or earlier.exclude(status=TaxReportStatus.REPORTED).exists():
        return None
    if not report.lines:
        report.lines = _lines_of_sale(report.invoice) if report.credit_note is None else _lines_of_credit(report)
        report.save(update_fields=["lines"])
    return report


def _lines_of_sale(invoice: Invoice) -> list[dict[str, object]]:
    """What Stripe knows: amounts as they were asked about, and their tax."""
    calculation = invoice.tax_calculation
    asked, taxes = calculation.question["lines"], calculation.answer["lines"]
    return [{"place": place, "amount": amount, "tax": taxes[place][0]} for place, amount in asked.items()]


def _lines_of_credit(report: TaxReport) -> list[dict[str, object]]:
    """What a credit note takes back, over the lines that Stripe knows in proportion to what is left of them."""
    note, invoice = report.credit_note, report.invoice
    assert note is not None
    left = {line["item"]: [line["amount"], line["tax"]] for line in _sale_of(invoice).lines}
    for earlier in TaxReport.objects.filter(invoice=invoice, credit_note__isnull=False, pk__lt=report.pk):
        for line in earlier.lines:
            left[line["item"]][0] -= line["amount"]
            left[line["item"]][1] -= line["tax"]
    amounts_left, taxes_left = [amount for amount, _tax in left.values()], [tax for _amount, tax in left.values()]
    credited = note.total_amount if invoice.tax_inclusive else note.subtotal_amount
    # The line that rounds an invoice to what can be charged bears no tax: Stripe does not know it.
    amounts = allocate(min(credited, sum(amounts_left)), amounts_left)
    taxes = allocate(min(note.tax_amount, sum(taxes_left)), taxes_left)
    return [
        {"item": item, "amount": amount, "tax": tax}
        for item, amount, tax in zip(left, amounts, taxes, strict=True)
        if amount or tax
    ]


def _sale_of(invoice: Invoice) -> TaxReport:
    return TaxReport.objects.get(invoice=invoice, credit_note__isnull=True)


def _store(report: TaxReport, status: TaxReportStatus, problem: str) -> bool:
    """What came of asking, unless another process was first; whether it is reported."""
    with committed():
        TaxReport.objects.filter(pk=report.pk, status=TaxReportStatus.WAITING).update(
            status=status,
            problem=problem[:PROBLEM_MAX],
            idempotency_key=report.idempotency_key,
            reference=report.reference,
            lines=report.lines,
            reported_at=report.reported_at,
        )
    return status == TaxReportStatus.REPORTED


def _new(invoice: Invoice, note: CreditNote | None) -> TaxReport:
    return TaxReport(invoice=invoice, credit_note=note, idempotency_key=_new_key(invoice))


def _new_key(invoice: Invoice) -> str:
    return f"{invoice.public_id}-{random_base62(16)}"
