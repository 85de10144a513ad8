"""What the people who pay are told."""

from django.utils.translation import gettext as _

from apps.accounts.permissions import Action
from apps.billing.models import Invoice
from apps.core.money import major_units, minor_unit_digits
from apps.notifications.services import notify


def tell_unpaid(invoice: Invoice, *, why: str) -> None:
    """It could not be charged by itself."""
    values = _values(invoice)
    _tell(
        invoice,
        "invoice.payment_failed",
        _("Payment of %(amount)s for %(product)s failed") % values,
        _("%(why)s\n\nThe invoice %(number)s over %(amount)s is open. Pay it with another card to go on.")
        % (values | {"why": why}),
        action=Action.BILLING_MANAGE,
    )


def tell_paid(invoice: Invoice) -> None:
    """The receipt, for everybody who sees the invoices: who paid may not be who does the books."""
    values = _values(invoice)
    _tell(
        invoice,
        "invoice.paid",
        _("Paid %(amount)s for %(product)s") % values,
        _("The invoice %(number)s over %(amount)s is paid. You find it, also as PDF, under Billing.") % values,
    )


def tell_refund_due(invoice: Invoice) -> None:
    """Paid for nothing: it stands in place of the receipt."""
    values = _values(invoice)
    _tell(
        invoice,
        "invoice.refund_due",
        _("%(amount)s for %(product)s will be given back") % values,
        _(
            "The invoice %(number)s over %(amount)s was paid, but the subscription was canceled or changed meanwhile, "
            "so nothing was given for it. The amount will be given back."
        )
        % values,
    )


def amount_in_words(amount: int, currency: str) -> str:
    """`1,299.00 USD`."""
    return f"{major_units(amount, currency):,.{minor_unit_digits(currency)}f} {currency}"


def _tell(invoice: Invoice, kind: str, title: str, body: str, *, action: Action = Action.BILLING_VIEW) -> None:
    organization = invoice.organization
    url = f"/o/{organization.slug}/billing/invoices/{invoice.public_id}/"
    notify(organization=organization, kind=kind, title=title, body=body, url=url, action=action)


def _values(invoice: Invoice) -> dict[str, str | None]:
    return {
        "amount": amount_in_words(invoice.total_amount, invoice.currency),
        "product": invoice.product.name,
        "number": invoice.number,
    }
