"""What creators earned in a year, by quarters, as tax offices ask for it (1099-K, DAC7)."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

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
    account: PayoutAccount
    currency: str
    quarters: tuple[Quarter, ...] = field(default_factory=lambda: tuple(Quarter() for _ in range(4)))


def yearly_totals(accounts: Iterable[PayoutAccount], year: int) -> Iterator[YearTotal]:
    """One for each account and currency in which there was a sale, refund or dispute in that year (UTC)."""
    start, end = dt.datetime(year, 1, 1, tzinfo=dt.UTC), dt.datetime(year + 1, 1, 1, tzinfo=dt.UTC)
    for account in accounts:
        books = LedgerAccount.objects.filter(
            kind=AccountKind.CREATOR_PAYABLE, organization=account.organization_id
        ).order_by("currency")
        for currency in books.values_list("currency", flat=True):
            total, is_there = YearTotal(account, currency), False
            for line in statement_lines(account.organization, currency, start, end):
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
