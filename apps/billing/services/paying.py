"""Paying an invoice with a card: claim under lock and commit, charge, and let the settlement follow."""

from typing import TypedDict

from django.db.models import Q
from django.utils.translation import gettext as _

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
from apps.payments.errors import (
    CardDeclined,
    CardNeeded,
    ConfirmationNeeded,
    PaymentPending,
    decline_message,
)
from apps.payments.models import Payment, PaymentMethod
from apps.payments.selectors import find_waiting_payment, is_being_paid
from apps.payments.services import claim_hosted_payment, claim_payment, collect_payment, give_up_payment
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.locks import lock_subscription
from apps.subscriptions.models import Subscription


class _Owed(TypedDict):
    amount: int
    currency: str
    reference: str


@answering
def pay_checkout(*, actor: Actor, checkout: Checkout, method: PaymentMethod | None) -> Payment | None:
    """Pay what a checkout asks for; see `pay_invoice`. Its invoice is issued now where the creator has just approved.

    None where it asks for a card alone: nothing is charged, and the trial begins (`CardNeeded` without a card).
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
                if method is None:
                    raise CardNeeded(_("A trial begins with a card that is saved. Save one first."))
                begin_trial(actor=actor, checkout=found, method=method)
                return None
    if found.invoice is None:
        raise CheckoutClosed
    return pay_invoice(actor=actor, invoice=found.invoice, method=method)


@answering
def pay_invoice(*, actor: Actor, invoice: Invoice, method: PaymentMethod | None) -> Payment:
    """Pay an open invoice of the actor's organization with one of its cards.

    Without one, the payment `requires_action`: its card is typed on the provider's page, at `action_url`, which is the
    same until that is over. Paid with a card meanwhile, that page is closed first.

    Cannot be called inside a transaction. Raises `CardDeclined` (the payment is recorded, the invoice stays open),
    `ConfirmationNeeded` where the bank wants the cardholder to confirm it (`action_url` says where), `PaymentPending`
    while the outcome of this or an earlier attempt is not known, `InvoiceNotOpen`, and `CheckoutClosed` where the
    invoice is that of a checkout whose time is over.
    """
    actor.require(Action.BILLING_MANAGE)
    on_page = _find_on_page(actor, invoice)
    if on_page is not None and method is None:
        payment = collect_payment(payment=on_page)
        if payment.status in (PaymentStatus.REQUIRES_ACTION, PaymentStatus.SUCCEEDED):
            return payment
    elif on_page is not None:
        give_up_payment(actor=actor, payment=on_page)
    with committed():
        payment = _claim(actor, invoice, method)
    payment = collect_payment(payment=payment)
    if payment.status == PaymentStatus.FAILED:
        raise CardDeclined(
            decline_message(payment.decline_code), decline_code=payment.decline_code, payment=payment.public_id
        )
    if payment.status == PaymentStatus.REQUIRES_ACTION and method is not None:
        raise ConfirmationNeeded(payment=payment.public_id, action_url=payment.action_url)
    if payment.status == PaymentStatus.PROCESSING:
        raise PaymentPending(payment=payment.public_id)
    return payment


def _find_on_page(actor: Actor, invoice: Invoice) -> Payment | None:
    """The attempt to pay an invoice that waits on the provider's page for a card."""
    waiting = find_waiting_payment(invoice.public_id)
    is_ours = waiting is not None and waiting.organization_id == actor.organization.pk
    return waiting if is_ours and waiting is not None and waiting.method_id is None else None


def _claim(actor: Actor, invoice: Invoice, method: PaymentMethod | None) -> Payment:
    owned = Invoice.objects.select_related("subscription").filter(organization=actor.organization, pk=invoice.pk)
    invoice = first_or_not_found(owned)
    subscription = lock_subscription(invoice.subscription, Q())
    invoice = lock_invoice(invoice)
    card = None if method is None else _locked_card(actor, method)
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
    owed: _Owed = {"amount": invoice.due_amount, "currency": invoice.currency, "reference": invoice.public_id}
    if card is None:
        payment = claim_hosted_payment(organization=actor.organization, created_by=actor.user, **owed)
    else:
        payment = claim_payment(method=card, created_by=actor.user, **owed)
    summary = f"Began to pay {invoice} with {payment.paid_with}"
    record_action(actor, "payment.started", summary, target=payment.public_id)
    return payment


def _locked_card(actor: Actor, method: PaymentMethod) -> PaymentMethod:
    """Locked, so that it is not removed while it is charged."""
    usable = PaymentMethod.objects.select_for_update(no_key=True).filter(
        organization=actor.organization, removed_at__isnull=True, pk=method.pk
    )
    return first_or_not_found(usable)


def _can_be_paid(checkout: Checkout, subscription: Subscription) -> bool:
    """Whether its time runs, and the subscription that it is for has not been canceled meanwhile."""
    is_over = checkout.expires_at is not None and checkout.expires_at <= clock.now()
    is_canceled = subscription.status == SubscriptionStatus.CANCELED
    return checkout.status == CheckoutStatus.OPEN and not is_over and not is_canceled
