"""What was paid for the time after a product ended goes back to who paid it."""

import datetime as dt
import logging

from django.db.models import Exists, F, OuterRef, QuerySet

from apps.billing.credits import credit_amount
from apps.billing.enums import CreditReason, InvoiceStatus, LineKind
from apps.billing.models import CreditNote, Invoice, InvoiceLine
from apps.billing.proration import unused_time
from apps.billing.services.crediting import lines_left
from apps.billing.services.refunding import take_back
from apps.billing.tax import LineTax
from apps.core.money import round_half_up, round_to_step
from apps.payments.enums import DisputeStatus
from apps.payments.models import Dispute
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import SubscriptionChange

logger = logging.getLogger(__name__)


def refund_after_end() -> int:
    """Give back, in proportion to the time, what was paid in advance for a product that was retired; how many invoices.

    Each invoice once. Extra units were used, and stay charged. Cannot be called inside a transaction.
    """
    given = 0
    for invoice in _paid_beyond_the_end().select_related("subscription").order_by("pk"):
        ended_at = invoice.subscription.canceled_at
        assert ended_at is not None  # it is canceled
        unused = _unused(invoice, ended_at)
        total = sum(part.amount + part.tax_amount for part in unused.values())
        amount = min(round_to_step(total, invoice.currency), invoice.creditable_amount)
        if amount <= 0:
            continue
        lines = {pk: part.amount for pk, part in unused.items()}
        try:
            # Where cards take other sums alone, it cannot be told line by line.
            if amount == total:
                take_back(invoice=invoice, reason=CreditReason.NOT_GIVEN, lines=lines)
            else:
                take_back(invoice=invoice, reason=CreditReason.NOT_GIVEN, amount=amount)
            given += 1
        except Exception:
            # One that cannot be refunded does not stand in the way of the others.
            logger.exception("invoice %s cannot be refunded", invoice)
    return given


def _paid_beyond_the_end() -> QuerySet[Invoice]:
    """Paid invoices of subscriptions that ended with their product, for a time after that; none twice.

    What the bank has taken back, or may, is not given back again.
    """
    retired = SubscriptionChange.objects.filter(subscription=OuterRef("subscription"), kind="product_retired")
    beyond = InvoiceLine.objects.filter(
        invoice=OuterRef("pk"), period_end__gt=OuterRef("subscription__canceled_at")
    ).exclude(kind=LineKind.OVERAGE)
    given = CreditNote.objects.filter(invoice=OuterRef("pk"), reason=CreditReason.NOT_GIVEN)
    disputed = Dispute.objects.filter(payment__reference=OuterRef("public_id")).exclude(status=DisputeStatus.WON)
    return Invoice.objects.filter(
        Exists(retired),
        Exists(beyond),
        ~Exists(given),
        ~Exists(disputed),
        status=InvoiceStatus.PAID,
        subscription__status=SubscriptionStatus.CANCELED,
        credited_amount__lt=F("total_amount"),
    )


def _unused(invoice: Invoice, ended_at: dt.datetime) -> dict[int, LineTax]:
    """By line, what is left of it for the time after the end, and of its tax."""
    return {
        line.pk: credit_amount(
            left, round_half_up(left.amount * unused_time(line.period_start, line.period_end, ended_at))
        )
        for line, left in lines_left(invoice)
        if line.kind != LineKind.OVERAGE and line.period_end > ended_at
    }
