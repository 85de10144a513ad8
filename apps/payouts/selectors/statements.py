"""What a creator's balance did in a time: read from the books, so that it equals them to the cent."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Q, Sum
from django.db.models.functions import TruncMonth

from apps.accounts.access import Actor
from apps.accounts.models import Organization
from apps.accounts.permissions import Action
from apps.core.errors import NotFound
from apps.ledger.enums import AccountKind
from apps.ledger.models import JournalEntry, Posting
from apps.payouts.enums import LineKind

# By how the source of an entry begins; whatever else moves a balance is an adjustment.
_KINDS = {
    "invoice.paid": LineKind.SALE,
    "refund": LineKind.REFUND,
    "refund.returned": LineKind.REFUND,
    "dispute.opened": LineKind.DISPUTE,
    "dispute.won": LineKind.DISPUTE,
    "payout.created": LineKind.PAYOUT,
    "payout.returned": LineKind.PAYOUT,
    "payout.recovered": LineKind.PAYOUT,
}


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One entry of the books that moved the balance, in minor units; what the creator gains is above zero.

    `net_amount = gross_amount + commission_amount + tax_amount` is what it did to the balance.
    """

    kind: LineKind
    source: str
    description: str
    occurred_at: dt.datetime
    gross_amount: int
    commission_amount: int
    tax_amount: int

    @property
    def net_amount(self) -> int:
        return self.gross_amount + self.commission_amount + self.tax_amount


@dataclass(frozen=True, slots=True)
class Statement:
    """`[start, end)` in one currency. `opening + net + payouts = closing`, which are balances of the books.

    `gross`, `refund`, `dispute` are what consumers paid and got back, with tax; `commission` and `tax` what of it was
    not the creator's, below zero (less what went back with refunds); `adjustment` is all else but payouts.
    """

    organization: Organization
    currency: str
    start: dt.datetime
    end: dt.datetime
    opening_amount: int
    closing_amount: int
    sales: int
    gross_amount: int
    refund_amount: int
    dispute_amount: int
    commission_amount: int
    tax_amount: int
    adjustment_amount: int
    payout_amount: int

    @property
    def net_amount(self) -> int:
        """What was earned."""
        paid = self.gross_amount + self.refund_amount + self.dispute_amount
        return paid + self.commission_amount + self.tax_amount + self.adjustment_amount


class Month(NamedTuple):
    """A month with movements, which a statement can be had for."""

    month: dt.date
    currency: str


def list_months(actor: Actor) -> list[Month]:
    """In which the balances of the actor's organization moved, the latest first."""
    actor.require(Action.PAYOUTS_VIEW)
    found = (
        Posting.objects.filter(_of(actor.organization))
        .annotate(month=TruncMonth("entry__occurred_at", tzinfo=dt.UTC))
        .order_by("-month", "account__currency")
        .values_list("month", "account__currency")
        .distinct()
    )
    return [Month(month.date(), currency) for month, currency in found]


def get_statement(actor: Actor, *, month: str, currency: str) -> Statement:
    """`month` as `2027-04`. Raises `NotFound` for one that is none, and a currency without any movement."""
    actor.require(Action.PAYOUTS_VIEW)
    start, end = month_bounds(month)
    if not Posting.objects.filter(_of(actor.organization), account__currency=currency).exists():
        raise NotFound
    return statement(actor.organization, currency, start, end)


def month_bounds(month: str) -> tuple[dt.datetime, dt.datetime]:
    """Raises `NotFound`."""
    try:
        start = dt.datetime.strptime(month, "%Y-%m").replace(tzinfo=dt.UTC)
    except ValueError:
        raise NotFound from None
    if start.strftime("%Y-%m") != month or start.year > 9000:
        raise NotFound
    return start, (start + dt.timedelta(days=32)).replace(day=1)


def statement(organization: Organization, currency: str, start: dt.datetime, end: dt.datetime) -> Statement:
    """Summed up from the same lines that it is made of."""
    whose = _of(organization) & Q(account__currency=currency)
    before = Posting.objects.filter(whose, entry__occurred_at__lt=start).aggregate(total=Sum("amount", default=0))
    sums = dict.fromkeys(LineKind, 0)
    sales = commission = tax = net = 0
    for line in statement_lines(organization, currency, start, end):
        sums[line.kind] += line.gross_amount
        commission, tax, net = commission + line.commission_amount, tax + line.tax_amount, net + line.net_amount
        sales += line.kind == LineKind.SALE
    return Statement(
        organization=organization,
        currency=currency,
        start=start,
        end=end,
        opening_amount=-before["total"],
        closing_amount=net - before["total"],
        sales=sales,
        gross_amount=sums[LineKind.SALE],
        refund_amount=sums[LineKind.REFUND],
        dispute_amount=sums[LineKind.DISPUTE],
        commission_amount=commission,
        tax_amount=tax,
        adjustment_amount=sums[LineKind.ADJUSTMENT],
        payout_amount=sums[LineKind.PAYOUT],
    )


def statement_lines(
    organization: Organization, currency: str, start: dt.datetime, end: dt.datetime
) -> Iterator[StatementLine]:
    """The oldest first."""
    own = Q(account__kind=AccountKind.CREATOR_PAYABLE, account__organization=organization, account__currency=currency)
    moved = Posting.objects.filter(own, entry__occurred_at__gte=start, entry__occurred_at__lt=end).values("entry")
    entries = (
        JournalEntry.objects.filter(pk__in=moved)
        .annotate(
            own=Sum("postings__amount", filter=_through_postings(own), default=0),
            commission=Sum(
                "postings__amount", filter=Q(postings__account__kind=AccountKind.PLATFORM_COMMISSION), default=0
            ),
            tax=Sum("postings__amount", filter=Q(postings__account__kind=AccountKind.TAX_PAYABLE), default=0),
        )
        .order_by("occurred_at", "pk")
    )
    rows = entries.values_list("source", "description", "occurred_at", "own", "commission", "tax")
    for source, description, occurred_at, change, commission, tax in rows.iterator():
        kind = _KINDS.get(source.partition(":")[0], LineKind.ADJUSTMENT)
        shares = (commission, tax) if kind in LineKind.shared() else (0, 0)
        # The rest of the entry is what the consumer paid or got back: the postings sum to zero.
        yield StatementLine(kind, source, description, occurred_at, -change - sum(shares), *shares)


def _of(organization: Organization) -> Q:
    return Q(account__kind=AccountKind.CREATOR_PAYABLE, account__organization=organization)


def _through_postings(condition: Q) -> Q:
    return Q(*((f"postings__{name}", value) for name, value in condition.children))  # type: ignore[misc]
