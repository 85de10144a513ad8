"""Charging an invoice to the default card, without a person at the screen."""

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.billing.enums import InvoiceStatus
from apps.billing.models import Invoice
from apps.billing.services.invoicing import lock_invoice
from apps.billing.services.settlement import leave_unpaid
from apps.core import clock
from apps.core.transactions import committed
from apps.payments.models import Payment, PaymentMethod
from apps.payments.selectors import is_being_paid
from apps.payments.services import claim_payment, collect_payment
from apps.subscriptions.locks import lock_subscription
from apps.subscriptions.models import Subscription


def collect_invoice(*, invoice: Invoice) -> bool:
    """Try once to charge an open invoice; False where that was done before. Without a card it is left unpaid.

    Cannot be called inside a transaction.
    """
    with committed():
        subscription = lock_subscription(invoice.subscription, Q())
        invoice = lock_invoice(invoice)
        if invoice.status != InvoiceStatus.OPEN or invoice.collected_at is not None:
            return False
        invoice.collected_at = clock.now()
        invoice.save(update_fields=["collected_at"])
        payment = claim_default_card(invoice, subscription)
    if payment is not None:
        collect_payment(payment=payment)
    return True


def claim_default_card(invoice: Invoice, subscription: Subscription) -> Payment | None:
    """The payment to collect after the caller's commit, who has locked both; without a card the invoice is unpaid.

    None, too, while another payment of it is under way.
    """
    if is_being_paid(invoice.public_id):
        return None
    # Locked, so that it is not removed while it is charged.
    method = (
        PaymentMethod.objects.select_for_update(no_key=True)
        .filter(organization=invoice.organization, is_default=True)
        .first()
    )
    if method is None:
        leave_unpaid(invoice, subscription, why=_("There is no card to charge."))
        return None
    return claim_payment(
        method=method, amount=invoice.due_amount, currency=invoice.currency, reference=invoice.public_id
    )
