"""What the people who pay are told."""

from django.utils.translation import gettext as _

from apps.accounts.permissions import Action
from apps.billing.models import Invoice
from apps.core.money import major_units, minor_unit_digits
from apps.notifications.services import notify


def tell_unpaid(invoice: Invoice, *, why: str) -> None:
    """A renewal could not be charged."""
    values = _values(invoice)
    notify(
        organization=invoice.organization,
        kind="invoice.payment_failed",
        title=_("Payment of %(amount)s for %(product)s failed") % values,
        body=_("%(why)s\n\nThe invoice %(number)s over %(amount)s is open. Pay it with another card to go on.")
        % (values | {"why": why}),
        url=_path(invoice),
        action=Action.BILLING_MANAGE,
    )


def tell_paid(invoice: Invoice) -> None:
    """The receipt, for everybody who sees the invoices: who paid may not be who does the books."""
    values = _values(invoice)
    notify(
        organization=invoice.organization,
        kind="invoice.paid",
        title=_("Paid %(amount)s for %(product)s") % values,
        body=_("The invoice %(number)s over %(amount)s is paid. You find it, also as PDF, under Billing.") % values,
        url=_path(invoice),
        action=Action.BILLING_VIEW,
    )


def tell_refund_due(invoice: Invoice) -> None:
    """Paid for nothing: it stands in place of the receipt."""
    values = _values(invoice)
    notify(
        organization=invoice.organization,
        kind="invoice.refund_due",
        title=_("%(amount)s for %(product)s will be given back") % values,
        body=_(
            "The invoice %(number)s over %(amount)s was paid, but the subscription was canceled or changed meanwhile, "
            "so nothing was given for it. The amount will be given back."
        )
        % values,
        url=_path(invoice),
        action=Action.BILLING_VIEW,
    )


def amount_in_words(amount: int, currency: str) -> str:
    """`1,299.00 USD`."""
    return f"{major_units(amount, currency):,.{minor_unit_digits(currency)}f} {currency}"


def _values(invoice: Invoice) -> dict[str, str | None]:
    return {
        "amount": amount_in_words(invoice.total_amount, invoice.currency),
        "product": invoice.product.name,
        "number": invoice.number,
    }


def _path(invoice: Invoice) -> str:
    return f"/o/{invoice.organization.slug}/billing/invoices/{invoice.public_id}/"
