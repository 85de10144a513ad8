"""What a money event does to the books (`docs/decisions/0016-refunds-and-disputes.md` says who bears what).

A refund or dispute takes back from the creator, the commission and the tax in proportion to what the books still hold
of the invoice for each: parts that give back everything sum to everything. Each event is booked once, by its source.
"""

import datetime as dt
from collections.abc import Sequence

from django.db.models import Sum
from django.utils.translation import gettext as _

from apps.billing.commissions import commission_percent
from apps.billing.models import CreditNote, Invoice, StripeInvoice
from apps.billing.rating import commission
from apps.core.money import allocate
from apps.ledger.enums import AccountKind
from apps.ledger.models import LedgerAccount, Posting
from apps.ledger.selectors import find_entry
from apps.ledger.services import Movement, get_or_open_account, post_entry
from apps.payments.enums import RefundStatus
from apps.payments.models import Dispute, Payment, Refund
from apps.products.hosting import is_hosting

# Whose share of an invoice a refund or dispute takes back, in the order in which a rounded unit is given.
_SHARES = (
    AccountKind.CREATOR_PAYABLE,
    AccountKind.PLATFORM_COMMISSION,
    AccountKind.PLATFORM_HOSTING,
    AccountKind.TAX_PAYABLE,
)


def book_payment(invoice: Invoice, at: dt.datetime) -> None:
    """Cash at the provider against what is owed to the creator, what the platform keeps, and tax.

    What was credited before is neither paid nor owed. Hosting is the platform's own: nothing of it is owed to anybody.
    """
    credited = CreditNote.objects.filter(invoice=invoice).aggregate(net=Sum("subtotal_amount"), tax=Sum("tax_amount"))
    net, tax = invoice.subtotal_amount - (credited["net"] or 0), invoice.tax_amount - (credited["tax"] or 0)
    movements = [Movement(_cash(invoice), net + tax)]
    if is_hosting(invoice.product):
        movements.append(Movement(_share_account(AccountKind.PLATFORM_HOSTING, invoice), -net))
    else:
        share = commission(net, commission_percent(invoice.product, at))
        movements += [
            Movement(_share_account(AccountKind.CREATOR_PAYABLE, invoice), share - net),
            Movement(_share_account(AccountKind.PLATFORM_COMMISSION, invoice), -share),
        ]
    if tax:
        movements.append(Movement(_share_account(AccountKind.TAX_PAYABLE, invoice), -tax))
    post_entry(
        source=journal_source(invoice),
        description=_("%(number)s paid by %(name)s") % {"number": invoice.number, "name": invoice.billed_to["name"]},
        occurred_at=at,
        movements=movements,
    )


def book_stripe_invoice(invoice: StripeInvoice) -> None:
    """The same for what Stripe collected by itself."""
    product = invoice.subscription.product
    net = invoice.amount - invoice.tax_amount
    share = commission(net, commission_percent(product, invoice.paid_at))
    post_entry(
        source=f"stripe_invoice.paid:{invoice.reference}",
        description=_("%(number)s paid at Stripe by %(name)s")
        % {"number": invoice.reference, "name": invoice.subscription.organization.name},
        occurred_at=invoice.paid_at,
        movements=[
            Movement(get_or_open_account(kind=kind, currency=invoice.currency, organization=owner), amount)
            for kind, owner, amount in (
                (AccountKind.PROVIDER_CASH, None, invoice.amount),
                (AccountKind.CREATOR_PAYABLE, product.organization, share - net),
                (AccountKind.PLATFORM_COMMISSION, None, -share),
                (AccountKind.TAX_PAYABLE, None, -invoice.tax_amount),
            )
            if amount
        ],
    )


def book_refund(*, invoice: Invoice, refund: Refund, tax_amount: int, at: dt.datetime) -> None:
    """The cash that went back. `tax_amount` is the tax on the refund's credit note."""
    source = refund_source(refund)
    if find_entry(source=source):
        return
    post_entry(
        source=source,
        description=_("Refund of %(number)s") % {"number": invoice.number},
        occurred_at=at,
        movements=[Movement(_cash(invoice), -refund.amount), *_taken_back(invoice, refund.amount, tax=tax_amount)],
    )


def book_refund_returned(*, invoice: Invoice, refund: Refund, at: dt.datetime) -> None:
    """The cash that came back from a refund that failed after it had succeeded, to whom it had been taken from."""
    booked, source = find_entry(source=refund_source(refund)), returned_source(refund)
    if booked is None or find_entry(source=source):
        return
    post_entry(
        source=source,
        description=_("Refund of %(number)s came back") % {"number": invoice.number},
        occurred_at=at,
        movements=[Movement(posting.account, -posting.amount) for posting in booked.postings.all()],
    )


def book_dispute_opened(*, invoice: Invoice, dispute: Dispute) -> None:
    """The bank took the money back, and the provider a fee. Of a refunded charge only what is left is taken."""
    source = dispute_source(dispute, "opened")
    if find_entry(source=source):
        return
    on_its_way = dispute.payment.refunds.filter(status=RefundStatus.PROCESSING).aggregate(total=Sum("amount"))["total"]
    taken = max(0, min(dispute.amount, sum(held(invoice).values()) - (on_its_way or 0)))
    fees = get_or_open_account(kind=AccountKind.PROVIDER_FEES, currency=invoice.currency)
    movements = [
        Movement(_cash(invoice), -taken - dispute.fee_amount),
        *_taken_back(invoice, taken),
        Movement(fees, dispute.fee_amount),
    ]
    if not any(movement.amount for movement in movements):
        return
    post_entry(
        source=source,
        description=_("Dispute of %(number)s") % {"number": invoice.number},
        occurred_at=dispute.opened_at,
        movements=movements,
    )


def book_dispute_won(*, invoice: Invoice, dispute: Dispute, at: dt.datetime) -> None:
    """All that the dispute took comes back, the fee too. One that is lost moves nothing more."""
    opened = find_entry(source=dispute_source(dispute, "opened"))
    if opened is None:
        return
    post_entry(
        source=dispute_source(dispute, "won"),
        description=_("Dispute of %(number)s won") % {"number": invoice.number},
        occurred_at=at,
        movements=[Movement(posting.account, -posting.amount) for posting in opened.postings.all()],
    )


def held(invoice: Invoice) -> dict[LedgerAccount, int]:
    """What the books still hold of a paid invoice for the creator, as commission and as tax; above zero."""
    found = (
        Posting.objects.filter(entry__source__in=_sources(invoice), account__kind__in=_SHARES)
        .values_list("account")
        .annotate(total=Sum("amount"))
    )
    totals = dict(found)
    accounts = sorted(LedgerAccount.objects.filter(pk__in=totals), key=lambda one: _SHARES.index(AccountKind(one.kind)))
    return {account: -totals[account.pk] for account in accounts}


def journal_source(invoice: Invoice) -> str:
    """Under which the journal has the payment of an invoice."""
    return f"invoice.paid:{invoice.public_id}"


def refund_source(refund: Refund) -> str:
    return f"refund:{refund.public_id}"


def returned_source(refund: Refund) -> str:
    return f"refund.returned:{refund.public_id}"


def dispute_source(dispute: Dispute, what: str) -> str:
    """`what` is `opened` or `won`."""
    return f"dispute.{what}:{dispute.public_id}"


def _sources(invoice: Invoice) -> list[str]:
    """All that the journal may say of an invoice."""
    payments = Payment.objects.filter(reference=invoice.public_id)
    disputes = Dispute.objects.filter(payment__in=payments)
    refunds = Refund.objects.filter(payment__in=payments)
    return [
        journal_source(invoice),
        *(source(refund) for refund in refunds for source in (refund_source, returned_source)),
        *(dispute_source(dispute, what) for dispute in disputes for what in ("opened", "won")),
    ]


def _taken_back(invoice: Invoice, amount: int, *, tax: int | None = None) -> list[Movement]:
    """`amount` out of the shares; what they do not hold any more is the platform's loss.

    `tax` is how much of it is tax, where a document says so; else it is in proportion, too.
    """
    shares = held(invoice)
    within = min(amount, sum(shares.values()))
    movements: list[Movement] = []
    if tax is not None:
        taxes = {account: left for account, left in shares.items() if account.kind == AccountKind.TAX_PAYABLE}
        others = {account: left for account, left in shares.items() if account not in taxes}
        of_tax = max(min(tax, within, sum(taxes.values())), within - sum(others.values()))
        movements += _split(of_tax, taxes)
        movements += _split(within - of_tax, others)
    else:
        movements += _split(within, shares)
    if amount > within:
        losses = get_or_open_account(kind=AccountKind.PLATFORM_LOSSES, currency=invoice.currency)
        movements.append(Movement(losses, amount - within))
    return movements


def _split(amount: int, shares: dict[LedgerAccount, int]) -> Sequence[Movement]:
    return [Movement(*part) for part in zip(shares, allocate(amount, list(shares.values())), strict=True)]


def _cash(invoice: Invoice) -> LedgerAccount:
    return get_or_open_account(kind=AccountKind.PROVIDER_CASH, currency=invoice.currency)


def _share_account(kind: AccountKind, invoice: Invoice) -> LedgerAccount:
    owner = invoice.product.organization if kind == AccountKind.CREATOR_PAYABLE else None
    return get_or_open_account(kind=kind, currency=invoice.currency, organization=owner)
