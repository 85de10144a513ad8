"""What follows when the outcome of a payment is known, all in the transaction that records it."""

import datetime as dt
import logging

from django.db.models import Q

from apps.accounts.audit import record_event
from apps.billing.enums import CheckoutKind, CheckoutStatus, InvoiceReason, InvoiceStatus
from apps.billing.mailing import mail_later
from apps.billing.models import Checkout, Invoice
from apps.billing.notices import tell_paid, tell_refund_due
from apps.billing.services.booking import book_payment
from apps.billing.services.changing import apply_change
from apps.billing.services.checkouts import complete
from apps.billing.services.dunning import await_confirmation, end_run, note_failure
from apps.billing.services.invoicing import lock_invoice
from apps.billing.services.tax_reports import note_sale
from apps.core import clock
from apps.payments.enums import PaymentStatus
from apps.payments.errors import decline_message
from apps.payments.models import Payment
from apps.subscriptions import services as subscriptions
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.locks import lock_subscription
from apps.subscriptions.models import Subscription

logger = logging.getLogger(__name__)


def record_outcome(payment: Payment) -> None:
    """Registered with `apps.payments.outcomes`: what is referred to is one of our invoices, or not ours to know."""
    found = Invoice.objects.select_related("subscription").filter(public_id=payment.reference).first()
    if found is None:
        return
    subscription = lock_subscription(found.subscription, Q())
    invoice = lock_invoice(found)
    _record(payment, invoice)
    if payment.status == PaymentStatus.SUCCEEDED:
        _settle(invoice, subscription, payment.settled_at or clock.now())
    elif payment.created_by_id is None:
        # By itself; a person who pays sees on the page that the card was declined.
        leave_unpaid(invoice, subscription, why=decline_message(payment.decline_code))


def record_confirmation(payment: Payment) -> None:
    """Registered with `apps.payments.outcomes`: the bank waits for a cardholder, who is told where to confirm."""
    found = Invoice.objects.select_related("subscription").filter(public_id=payment.reference).first()
    if found is None or payment.created_by_id is not None:
        return  # who pays is led to the bank by the page
    subscription = lock_subscription(found.subscription, Q())
    await_confirmation(invoice=lock_invoice(found), subscription=subscription, action_url=payment.action_url)


def leave_unpaid(invoice: Invoice, subscription: Subscription, *, why: str) -> None:
    """An invoice that could not be charged by itself. It may have been paid by hand while the bank was thinking."""
    if invoice.status == InvoiceStatus.OPEN:
        note_failure(invoice=invoice, subscription=subscription, why=why)


def resume(invoice: Invoice, subscription: Subscription) -> None:
    """Nothing is due any more, once nothing of the subscription but `invoice` is open that was to be charged.

    One whose keys did not work is restored at once. Where its running period began meanwhile, and so was not charged,
    the billing cycle begins a new one (`with_waived_period`). The caller has locked both.
    """
    if subscription.status not in SubscriptionStatus.owing():
        return
    others = Invoice.objects.filter(
        subscription=subscription, status=InvoiceStatus.OPEN, reason__in=InvoiceReason.automatic()
    )
    if not others.exclude(pk=invoice.pk).exists():
        subscriptions.mark_paid(subscription=subscription)


def _record(payment: Payment, invoice: Invoice) -> None:
    """The outcome in the audit log; the person is the one who began to pay, if any."""
    if payment.status == PaymentStatus.SUCCEEDED:
        action, summary = "payment.succeeded", f"Paid {invoice} with {payment.paid_with}"
    else:
        action, summary = "payment.declined", f"{payment.paid_with} was declined for {invoice}: {payment.decline_code}"
    record_event(
        organization=invoice.organization,
        actor=payment.created_by,
        action=action,
        target=payment.public_id,
        summary=summary,
    )


def _settle(invoice: Invoice, subscription: Subscription, at: dt.datetime) -> None:
    invoice.status = InvoiceStatus.PAID
    invoice.paid_at = at
    invoice.save(update_fields=["status", "paid_at"])
    book_payment(invoice, at)
    note_sale(invoice=invoice)
    end_run(invoice=invoice)
    checkout = _find_checkout(invoice)
    if checkout is not None and not _complete(checkout, subscription, invoice, at):
        _owe_refund(invoice, subscription, at)
        return
    if checkout is None:
        resume(invoice, subscription)
    tell_paid(invoice)
    mail_later(invoice=invoice)


def _find_checkout(invoice: Invoice) -> Checkout | None:
    """What is bought with the invoice; nobody checks out what is charged by itself."""
    if invoice.reason in InvoiceReason.automatic():
        return None
    return Checkout.objects.select_related("plan", "from_plan").filter(invoice=invoice).first()


def _complete(checkout: Checkout, subscription: Subscription, invoice: Invoice, at: dt.datetime) -> bool:
    """Give what was bought; False where it cannot be given, as the subscription was canceled or changed meanwhile."""
    if checkout.status == CheckoutStatus.OPEN:
        complete(checkout=checkout, at=at)
    if checkout.kind == CheckoutKind.SUBSCRIBE and subscription.status == SubscriptionStatus.INCOMPLETE:
        # With the period that its invoice says, within the last hour: see `renew_invoice`.
        subscriptions.activate(subscription=subscription, at=invoice.period_start)
    elif checkout.kind == CheckoutKind.PLAN_CHANGE and _can_change(subscription, checkout):
        apply_change(subscription=subscription, plan=checkout.plan, at=at, actor=None)
    else:
        return False
    return True


def _owe_refund(invoice: Invoice, subscription: Subscription, at: dt.datetime) -> None:
    """Paid for nothing: staff find the invoice by its mark, and its people are told."""
    invoice.refund_due_at = at
    invoice.save(update_fields=["refund_due_at"])
    record_event(
        organization=invoice.organization,
        actor=None,
        action="refund.owed",
        target=invoice.public_id,
        summary=f"{invoice} is paid, but its subscription is {subscription.status}: the money is to be given back",
    )
    tell_refund_due(invoice)
    logger.error("invoice %s is paid for nothing: the money is to be given back", invoice)


def _can_change(subscription: Subscription, checkout: Checkout) -> bool:
    return (
        subscription.status in SubscriptionStatus.begun() - {SubscriptionStatus.UNPAID}
        and subscription.plan_id == checkout.from_plan_id
    )
