"""What a money event does to the books."""

import datetime as dt

from django.utils.translation import gettext as _

from apps.billing.commissions import commission_percent
from apps.billing.models import Invoice
from apps.billing.rating import commission
from apps.ledger.enums import AccountKind
from apps.ledger.services import Movement, get_or_open_account, post_entry


def book_payment(invoice: Invoice, at: dt.datetime) -> None:
    """Cash at the provider against what is owed to the creator, what the platform keeps, and tax."""
    share = commission(invoice.subtotal_amount, commission_percent(invoice.product, at))
    cash = get_or_open_account(kind=AccountKind.PROVIDER_CASH, currency=invoice.currency)
    creator = get_or_open_account(
        kind=AccountKind.CREATOR_PAYABLE, currency=invoice.currency, organization=invoice.product.organization
    )
    platform = get_or_open_account(kind=AccountKind.PLATFORM_COMMISSION, currency=invoice.currency)
    movements = [
        Movement(cash, invoice.total_amount),
        Movement(creator, share - invoice.subtotal_amount),
        Movement(platform, -share),
    ]
    if invoice.tax_amount:
        tax = get_or_open_account(kind=AccountKind.TAX_PAYABLE, currency=invoice.currency)
        movements.append(Movement(tax, -invoice.tax_amount))
    post_entry(
        source=journal_source(invoice),
        description=_("%(number)s paid by %(name)s") % {"number": invoice.number, "name": invoice.billed_to["name"]},
        occurred_at=at,
        movements=movements,
    )


def journal_source(invoice: Invoice) -> str:
    """Under which the journal has the payment of an invoice."""
    return f"invoice.paid:{invoice.public_id}"
