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
    """Within [since, until), but for the fees, which are booked from the provider's own list."""
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
    references = _references(provider, [source for source, *_rest in found])
    return [
        CashMovement(source, references.get(source, ""), total, currency, at) for source, currency, at, total in found
    ]


def _references(provider: str, wanted: list[str]) -> dict[str, str]:
    """Source of an entry → the provider's reference."""
    ids: dict[str, list[str]] = {}
    for source in wanted:
        prefix, _colon, public_id = source.partition(":")
        ids.setdefault(prefix, []).append(public_id)
    payments = Payment.objects.filter(
        reference__in=ids.get("invoice.paid", ()), status=PaymentStatus.SUCCEEDED, method__provider=provider
    )
    found = {f"invoice.paid:{ours}": theirs for ours, theirs in payments.values_list("reference", "provider_reference")}
    at_stripe = StripeInvoice.objects.filter(reference__in=ids.get("stripe_invoice.paid", ()))
    if provider == Provider.STRIPE:
        for ours, theirs in at_stripe.values_list("reference", "payment_reference"):
            found[f"stripe_invoice.paid:{ours}"] = theirs
    tables = {
        "refund": (Refund.objects.filter(payment__method__provider=provider), "provider_reference"),
        "dispute.opened": (Dispute.objects.filter(provider=provider), "provider_reference"),
        "dispute.won": (Dispute.objects.filter(provider=provider), "provider_reference"),
        sources.PAID: (Payout.objects.filter(account__provider=provider), "reference"),
        sources.RETURNED: (Payout.objects.filter(account__provider=provider), "reference"),
        sources.RECOVERED: (Recovery.objects.filter(payout__account__provider=provider), "reference"),
    }
    for prefix, (rows, field) in tables.items():
        for ours, theirs in rows.filter(public_id__in=ids.get(prefix, ())).values_list("public_id", field):
            found[f"{prefix}:{ours}"] = theirs
    return found
