"""What must be in the books, once each: see `apps.ledger.checks`."""

from collections.abc import Iterator

from django.db.models import F, Q, Sum

from apps.billing.enums import InvoiceStatus
from apps.billing.models import Invoice, StripeInvoice
from apps.ledger.checks import Booking, Expectation, expect
from apps.ledger.enums import AccountKind
from apps.payments.enums import RefundStatus
from apps.payments.models import Dispute, Refund
from apps.payouts import sources
from apps.payouts.enums import RecoveryStatus
from apps.payouts.models import Payout, Recovery, WriteOff


def register() -> None:
    for expectation in (
        Expectation("invoice.paid", AccountKind.PROVIDER_CASH, _invoices),
        Expectation("stripe_invoice.paid", AccountKind.PROVIDER_CASH, _stripe_invoices),
        Expectation("refund", AccountKind.PROVIDER_CASH, _refunds),
        Expectation("refund.returned", AccountKind.PROVIDER_CASH, _returned_refunds),
        Expectation("dispute.opened", AccountKind.PROVIDER_FEES, _disputes),
        Expectation(sources.CREATED, AccountKind.CREATOR_PAYABLE, _created),
        Expectation(sources.PAID, AccountKind.PAYOUTS_IN_TRANSIT, _paid),
        Expectation(sources.RETURNED, AccountKind.CREATOR_PAYABLE, _returned),
        Expectation(sources.RECOVERED, AccountKind.CREATOR_PAYABLE, _recovered),
        Expectation(sources.WRITTEN_OFF, AccountKind.PLATFORM_LOSSES, _written_off),
    ):
        expect(expectation)


def _invoices() -> Iterator[Booking]:
    """What was paid: the total, less what was let off before."""
    let_off = Sum("credit_notes__total_amount", filter=Q(credit_notes__is_refund=False), default=0)
    paid = Invoice.objects.filter(status=InvoiceStatus.PAID).order_by().annotate(paid=F("total_amount") - let_off)
    for row in paid.values_list("public_id", "currency", "paid").iterator():
        yield Booking(*row)


def _stripe_invoices() -> Iterator[Booking]:
    paid = StripeInvoice.objects.order_by()
    for row in paid.values_list("reference", "currency", "amount").iterator():
        yield Booking(*row)


def _refunds() -> Iterator[Booking]:
    succeeded = Q(status=RefundStatus.SUCCEEDED) | Q(returned_at__isnull=False)
    given_back = Refund.objects.filter(succeeded, payment__reference__startswith="inv_").order_by()
    for public_id, currency, amount in given_back.values_list("public_id", "currency", "amount").iterator():
        yield Booking(public_id, currency, -amount)


def _returned_refunds() -> Iterator[Booking]:
    returned = Refund.objects.filter(returned_at__isnull=False, payment__reference__startswith="inv_").order_by()
    for row in returned.values_list("public_id", "currency", "amount").iterator():
        yield Booking(*row)


def _disputes() -> Iterator[Booking]:
    """Their fees: what else one takes depends on what was given back before."""
    charged = Dispute.objects.filter(fee_amount__gt=0, payment__reference__startswith="inv_").order_by()
    for row in charged.values_list("public_id", "currency", "fee_amount").iterator():
        yield Booking(*row)


def _created() -> Iterator[Booking]:
    for row in Payout.objects.order_by().values_list("public_id", "currency", "amount").iterator():
        yield Booking(*row)


def _paid() -> Iterator[Booking]:
    paid = Payout.objects.filter(paid_at__isnull=False).order_by()
    for row in paid.values_list("public_id", "currency", "amount").iterator():
        yield Booking(*row)


def _returned() -> Iterator[Booking]:
    returned = Payout.objects.filter(returned_at__isnull=False).order_by()
    for public_id, currency, amount in returned.values_list("public_id", "currency", "amount").iterator():
        yield Booking(public_id, currency, -amount)


def _recovered() -> Iterator[Booking]:
    done = Recovery.objects.filter(status=RecoveryStatus.SUCCEEDED).order_by()
    for public_id, currency, amount in done.values_list("public_id", "payout__currency", "amount").iterator():
        yield Booking(public_id, currency, -amount)


def _written_off() -> Iterator[Booking]:
    for row in WriteOff.objects.order_by().values_list("public_id", "currency", "amount").iterator():
        yield Booking(*row)
