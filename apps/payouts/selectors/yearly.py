"""What creators earned in a year, by quarters, as tax offices ask for it (1099-K, DAC7)."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db.models import QuerySet

from apps.accounts.models import Organization
from apps.ledger.enums import AccountKind
from apps.ledger.models import LedgerAccount
from apps.payouts.enums import LineKind
from apps.payouts.models import PayoutAccount
from apps.payouts.selectors.statements import statement_lines


@dataclass(slots=True)
class Quarter:
    """Minor units. `gross`: what consumers paid, with tax, less refunds and disputes; `fees`: the commission."""

    transactions: int = 0
    gross_amount: int = 0
    fees_amount: int = 0
    tax_amount: int = 0


@dataclass(frozen=True, slots=True)
class YearTotal:
    """`account` is None of a creator who has not said yet where they are paid."""

    organization: Organization
    account: PayoutAccount | None
    currency: str
    quarters: tuple[Quarter, ...] = field(default_factory=lambda: tuple(Quarter() for _ in range(4)))


def list_creators() -> QuerySet[Organization]:
    """All who ever earned something."""
    books = LedgerAccount.objects.filter(kind=AccountKind.CREATOR_PAYABLE)
    return Organization.objects.filter(pk__in=books.values("organization")).order_by("pk")


def yearly_totals(organizations: Iterable[Organization], year: int) -> Iterator[YearTotal]:
    """One for each creator and currency in which there was a sale, refund or dispute in that year (UTC)."""
    start, end = dt.datetime(year, 1, 1, tzinfo=dt.UTC), dt.datetime(year + 1, 1, 1, tzinfo=dt.UTC)
    for organization in organizations:
        account = PayoutAccount.objects.filter(organization=organization).first()
        books = LedgerAccount.objects.filter(kind=AccountKind.CREATOR_PAYABLE, organization=organization)
        for currency in books.order_by("currency").values_list("currency", flat=True):
            total, is_there = YearTotal(organization, account, currency), False
            for line in statement_lines(organization, currency, start, end):
                if line.kind not in LineKind.shared():
                    continue
                is_there = True
                quarter = total.quarters[(line.occurred_at.month - 1) // 3]
                quarter.transactions += line.kind == LineKind.SALE
                quarter.gross_amount += line.gross_amount
                quarter.fees_amount -= line.commission_amount
                quarter.tax_amount -= line.tax_amount
            if is_there:
                yield total
