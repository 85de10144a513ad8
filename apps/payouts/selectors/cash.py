"""What the books say that the provider moved, by the references that the provider gave."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Sum

from apps.billing.models import StripeInvoice
from apps.ledger.enums import AccountKind
from apps.ledger.models import Posting
from apps.payments.enums import PaymentStatus, Provider
from apps.payments.models import Dispute, Payment, Refund
from apps.payouts import sources
from apps.payouts.models import Payout, Recovery


@dataclass(frozen=True, slots=True)
class CashMovement:
    """What an entry did to the cash at the provider: above zero where money came in, in minor units.

    `reference` is empty where the provider never gave one: then it cannot have a counterpart.
    """

    source: str
    reference: str
    amount: int
    currency: str
    occurred_at: dt.datetime


def list_cash_movements(*, provider: str, since: dt.datetime, until: dt.datetime) -> list[CashMovement]:
    """Within [since, until), but for the fees, which are booked from the provider's own list.

    What another provider has moved is left out; what nobody is known to have moved is not.
    """
    rows = (
        Posting.objects.filter(
            account__kind=AccountKind.PROVIDER_CASH, entry__occurred_at__gte=since, entry__occurred_at__lt=until
        )
        .exclude(entry__source__startswith="provider.fee:")
        .order_by()
        .values_list("entry__source", "account__currency", "entry__occurred_at")
        .annotate(total=Sum("amount"))
        .order_by("entry__occurred_at", "entry__source")
    )
    found = [(source, currency, at, total) for source, currency, at, total in rows if total]
    references = _references([source for source, *_rest in found])
    movements = []
    for source, currency, at, total in found:
        mover, reference = references.get(source, (provider, ""))
        if mover == provider:
            movements.append(CashMovement(source, reference, total, currency, at))
    return movements


def _references(wanted: list[str]) -> dict[str, tuple[str, str]]:
    """Source of an entry → the provider that moved the money, and its reference."""
    ids: dict[str, list[str]] = {}
    for source in wanted:
        prefix, _colon, public_id = source.partition(":")
        ids.setdefault(prefix, []).append(public_id)
    payments = Payment.objects.filter(reference__in=ids.get("invoice.paid", ()), status=PaymentStatus.SUCCEEDED)
    paid = payments.values_list("reference", "provider", "provider_reference")
    found = {f"invoice.paid:{ours}": (mover, theirs) for ours, mover, theirs in paid}
    at_stripe = StripeInvoice.objects.filter(reference__in=ids.get("stripe_invoice.paid", ()))
    for ours, theirs in at_stripe.values_list("reference", "payment_reference"):
        found[f"stripe_invoice.paid:{ours}"] = (Provider.STRIPE, theirs)
    refunds = (Refund.objects.all(), "payment__provider", "provider_reference")
    disputes = (Dispute.objects.all(), "provider", "provider_reference")
    payouts = (Payout.objects.exclude(account__provider=""), "account__provider", "reference")
    tables = {
        "refund": refunds,
        "refund.returned": refunds,
        "dispute.opened": disputes,
        "dispute.won": disputes,
        sources.PAID: payouts,
        sources.RETURNED: payouts,
        sources.RECOVERED: (
            Recovery.objects.exclude(payout__account__provider=""), "payout__account__provider", "reference",
        ),
    }  # fmt: skip
    for prefix, (rows, provider, reference) in tables.items():
        moved = rows.filter(public_id__in=ids.get(prefix, ())).values_list("public_id", provider, reference)
        found |= {f"{prefix}:{ours}": (mover, theirs) for ours, mover, theirs in moved}
    return found
