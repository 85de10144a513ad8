"""Tax that Stripe reckons: an invoice is issued with an answer that is stored, or not at all.

Whoever issues one does so `answering`: the transaction that finds no answer is undone, Stripe is asked outside of it,
and it is done again.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.billing.enums import InvoiceStatus
from apps.billing.errors import TaxDetailsNeeded, TaxNotKnown
from apps.billing.models import BillingProfile, Invoice, InvoiceLine, TaxCalculation
from apps.billing.models.stripe_tax import PROBLEM_MAX
from apps.billing.tax import Buyer, is_reverse_charged, place_of_supply, sent_amounts, tax_lines
from apps.core import clock
from apps.core.transactions import AnswerNeeded, committed
from apps.payments import tax as provider
from apps.payments.errors import ProviderUnavailable
from apps.payments.providers.tax_terms import Calculation, KeySpent, TaxQuestion, TaxRefused

# How old an answer may be with which an invoice is issued: rates change.
FRESH = dt.timedelta(hours=1)
# What was asked for and not used, as somebody went away, is forgotten after that.
UNUSED_KEPT = dt.timedelta(days=7)
NO_ANSWER = "Stripe gave no answer; it is asked again."


@dataclass
class TaxNeeded(AnswerNeeded):
    """No answer to this question is stored."""

    organization_id: int
    digest: str
    question: TaxQuestion
    # The draft that waits for it; of one that is undone with the transaction there is none.
    invoice_id: int

    def fetch(self) -> None:
        """Raises `TaxNotKnown`; on a draft stands why."""
        try:
            ask(self)
        except TaxNotKnown:
            problem = TaxCalculation.objects.filter(digest=self.digest).values_list("problem", flat=True).first()
            drafts = Invoice.objects.filter(pk=self.invoice_id, status=InvoiceStatus.DRAFT)
            drafts.update(tax_problem=problem or NO_ANSWER)
            raise


def tax_as_calculated(*, invoice: Invoice, lines: Sequence[InvoiceLine], profile: BillingProfile | None) -> None:
    """Write the tax that Stripe has reckoned for a draft, on its lines (not saved). Raises `TaxNeeded`."""
    prices = [line.amount for line in lines]
    sent = sent_amounts(prices)
    question = _question(invoice.currency, sent, profile)
    digest = digest_of(invoice.organization_id, invoice.product_id, question)
    found = (
        TaxCalculation.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(digest=digest, invoice__isnull=True, created_at__gt=clock.now() - FRESH)
        .exclude(reference="")
        .first()
    )
    if found is None:
        raise TaxNeeded(invoice.organization_id, digest, question, invoice.pk)
    told = {int(place): (tax, Decimal(percent)) for place, (tax, percent) in found.answer["lines"].items()}
    taxes = [told.get(place, (0, Decimal(0)))[0] for place in range(1, len(lines) + 1)]
    of_any = next(iter(told.values()))[1]
    taxed = tax_lines(prices, sent, taxes, inclusive=settings.TAX_INCLUSIVE)
    for place, (line, each) in enumerate(zip(lines, taxed, strict=True), 1):
        line.amount, line.tax_amount = each.amount, each.tax_amount
        # What takes a charge back bears the rate of the charges.
        line.tax_percent = told.get(place, (0, of_any))[1]
    invoice.tax_inclusive, invoice.tax_name = settings.TAX_INCLUSIVE, found.answer["tax_name"]
    if found.answer["is_reverse_charged"]:
        invoice.tax_note = _("Reverse charge: the recipient of the service owes the tax.")
    invoice.tax_problem = ""
    found.invoice = invoice
    found.save(update_fields=["invoice"])


def ask(needed: TaxNeeded) -> None:
    """Ask Stripe and store its answer. Cannot be called inside a transaction. Raises `TaxNotKnown`."""
    with committed():
        row = _row(needed)
    try:
        try:
            answer = provider.calculate(idempotency_key=row.public_id, question=needed.question)
        except KeySpent:
            _note(row, NO_ANSWER, is_final=True)
            with committed():
                row = _row(needed)
            answer = provider.calculate(idempotency_key=row.public_id, question=needed.question)
    except TaxRefused as refusal:
        _note(row, str(refusal), is_final=True)
        raise (TaxDetailsNeeded if refusal.is_about_buyer else TaxNotKnown) from refusal
    except (KeySpent, ProviderUnavailable) as error:
        _note(row, NO_ANSWER, is_final=False)
        raise TaxNotKnown from error
    with committed():
        # Another one that asked with the same key may have stored it already.
        TaxCalculation.objects.filter(pk=row.pk, reference="").update(
            reference=answer.reference, expires_at=answer.expires_at, answer=_kept(answer), problem=""
        )


def forget_tax_calculations() -> int:
    """Delete the calculations that no invoice was issued with; how many."""
    old = TaxCalculation.objects.filter(invoice__isnull=True, created_at__lt=clock.now() - UNUSED_KEPT)
    deleted, _by_table = old.delete()
    return deleted


def digest_of(organization_id: int, product_id: int, question: TaxQuestion) -> str:
    """Equal where the same is asked about purchases of one product by one organization."""
    asked = json.dumps([organization_id, product_id, asdict(question)], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def _question(currency: str, sent: Sequence[int], profile: BillingProfile | None) -> TaxQuestion:
    """Lines are named by their place, counted from 1; nothing is asked about those of nothing."""
    buyer = Buyer(profile.country, profile.tax_id) if profile else Buyer()
    seller = settings.TAX_ISSUER_COUNTRY
    return TaxQuestion(
        currency=currency,
        lines={str(place): amount for place, amount in enumerate(sent, 1) if amount},
        is_inclusive=settings.TAX_INCLUSIVE,
        tax_code=settings.STRIPE_TAX_CODE,
        country=place_of_supply(buyer, seller_country=seller),
        postal_code=profile.postal_code if profile else "",
        state=profile.state if profile else "",
        tax_id=buyer.tax_id,
        is_reverse_charged=is_reverse_charged(buyer, seller_country=seller, union=settings.TAX_UNION_COUNTRIES),
    )


def _row(needed: TaxNeeded) -> TaxCalculation:
    """One that was asked about and got no answer is asked about again, with its key; else a new one."""
    waiting = TaxCalculation.objects.filter(
        digest=needed.digest, reference="", refused_at__isnull=True, created_at__gt=clock.now() - FRESH
    )
    return waiting.first() or TaxCalculation.objects.create(
        organization_id=needed.organization_id, digest=needed.digest, question=asdict(needed.question)
    )


def _note(row: TaxCalculation, problem: str, *, is_final: bool) -> None:
    row.problem, row.refused_at = problem[:PROBLEM_MAX], clock.now() if is_final else None
    with committed():
        TaxCalculation.objects.filter(pk=row.pk, reference="").update(problem=row.problem, refused_at=row.refused_at)


def _kept(answer: Calculation) -> dict[str, Any]:
    percents = {place: str(line.percent.quantize(Decimal("0.001"))) for place, line in answer.lines.items()}
    return {
        "lines": {place: [line.amount, percents[place]] for place, line in answer.lines.items()},
        "tax_name": answer.tax_name,
        "is_reverse_charged": answer.is_reverse_charged,
    }
