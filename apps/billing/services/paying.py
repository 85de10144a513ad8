"""Paying an invoice with a card: claim under lock and commit, charge, and let the settlement follow."""

from django.db.models import Q

from apps.accounts.access import Actor
from apps.accounts.audit import record_action
from apps.accounts.permissions import Action
from apps.billing.enums import CheckoutStatus, InvoiceStatus
from apps.billing.errors import CheckoutClosed, InvoiceNotOpen
from apps.billing.models import Checkout, Invoice
from apps.billing.services.checkouts import issue_approved, renew_invoice
from apps.billing.services.invoicing import lock_invoice
from apps.billing.services.trials import begin_trial, waits_for_card
from apps.core import clock
from apps.core.errors import NotFound
from apps.core.rows import first_or_not_found
from apps.core.transactions import answering, committed
from apps.payments.enums import PaymentStatus
from apps.payments.errors import CardDeclined, ConfirmationNeeded, PaymentPending, decline_message
from apps.payments.models import Payment, PaymentMethod
from apps.payments.selectors import find_waiting_payment, is_being_paid
from apps.payments.services import claim_payment, collect_payment
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.locks import lock_subscription
from apps.subscriptions.models import Subscription


@answering
def pay_checkout(*, actor: Actor, checkout: Checkout, method: PaymentMethod) -> Payment | None:
    """Pay what a checkout asks for; see `pay_invoice`. Its invoice is issued now where the creator has just approved.

    None where it asks for a card alone: nothing is charged, and the trial begins.
    Raises `ApprovalPending` before that, `CheckoutClosed` where it is over, or asks nothing.
    """
    actor.require(Action.BILLING_MANAGE)
    found = first_or_not_found(
        Checkout.objects.select_related("invoice", "subscription").filter(
            organization=actor.organization, pk=checkout.pk
        )
    )
    if found.invoice is None:
        with committed():
            found = issue_approved(actor=actor, checkout=found)
            if waits_for_card(found.subscription):
                begin_trial(actor=actor, checkout=found, method=method)
                return None
    if found.invoice is None:
        raise CheckoutClosed
    return pay_invoice(actor=actor, invoice=found.invoice, method=method)


@answering
def pay_invoice(*, actor: Actor, invoice: Invoice, method: PaymentMethod) -> Payment:
    """Pay an open invoice of the actor's organization with one of its cards.

    Cannot be called inside a transaction. Raises `CardDeclined` (the payment is recorded, the invoice stays open),
    `ConfirmationNeeded` where the bank wants the cardholder to confirm it (`action_url` says where), `PaymentPending`
    while the outcome of this or an earlier attempt is not known, `InvoiceNotOpen`, and `CheckoutClosed` where the
    invoice is that of a checkout whose time is over.
    """
    actor.require(Action.BILLING_MANAGE)
    with committed():
        payment = _claim(actor, invoice, method)
    payment = collect_payment(payment=payment)
    if payment.status == PaymentStatus.FAILED:
        raise CardDeclined(
            decline_message(payment.decline_code), decline_code=payment.decline_code, payment=payment.public_id
        )
    if payment.status == PaymentStatus.REQUIRES_ACTION:
        raise ConfirmationNeeded(payment=payment.public_id, action_url=payment.action_url)
    if payment.status == PaymentStatus.PROCESSING:
        raise PaymentPending(payment=payment.public_id)
    return payment


def _claim(actor: Actor, invoice: Invoice, method: PaymentMethod) -> Payment:
    owned = Invoice.objects.select_related("subscription").filter(organization=actor.organization, pk=invoice.pk)
    invoice = first_or_not_found(owned)
    subscription = lock_subscription(invoice.subscription, Q())
    invoice = lock_invoice(invoice)
    # Locked, so that it is not removed while it is charged.
    usable = PaymentMethod.objects.select_for_update(no_key=True).filter(
        organization=actor.organization, removed_at__isnull=True, pk=method.pk
    )
    card = first_or_not_found(usable)
    if invoice.status == InvoiceStatus.DRAFT:
        raise NotFound
    if invoice.status not in (InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE):
        raise InvoiceNotOpen
    checkout = Checkout.objects.filter(invoice=invoice).first()
    if checkout is not None and not _can_be_paid(checkout, subscription):
        raise CheckoutClosed
    if waiting := find_waiting_payment(invoice.public_id):
        raise ConfirmationNeeded(payment=waiting.public_id, action_url=waiting.action_url)
    if is_being_paid(invoice.public_id):
        raise PaymentPending
    if checkout is not None:
        invoice = renew_invoice(checkout=checkout, subscription=subscription, invoice=invoice)
    payment = claim_payment(
        method=card,
        amount=invoice.due_amount,
        currency=invoice.currency,
        reference=invoice.public_id,
        created_by=actor.user,
    )
    record_action(actor, "payment.started", f"Began to pay {invoice} with {card}", target=payment.public_id)
    return payment


def _can_be_paid(checkout: Checkout, subscription: Subscription) -> bool:
    """Whether its time runs, and the subscription that it is for has not been canceled meanwhile."""
    is_over = checkout.expires_at is not None and checkout.expires_at <= clock.now()
    is_canceled = subscription.status == SubscriptionStatus.CANCELED
    return checkout.status == CheckoutStatus.OPEN and not is_over and not is_canceled
