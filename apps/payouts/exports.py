"""CSV files for people: statements, what is to be paid by hand, totals of a year. Amounts are as people write them."""

import csv
import io
from collections.abc import Iterable, Sequence

from apps.core.money import major_units, minor_unit_digits
from apps.payouts.models import Payout
from apps.payouts.selectors.statements import Statement, StatementLine
from apps.payouts.selectors.yearly import YearTotal

# What a spreadsheet would take for a formula when it stands at the start of a cell.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def statement_csv(found: Statement, lines: Iterable[StatementLine]) -> str:
    """A line for each movement, between the balances."""
    head = ["date", "kind", "reference", "description", "gross", "commission", "tax", "net", "currency"]
    currency = found.currency

    def balance(when: str, name: str, amount: int) -> list[str]:
        return [when, name, "", "", "", "", "", _number(amount, currency), currency]

    rows = [balance(f"{found.start:%Y-%m-%d}", "opening balance", found.opening_amount)]
    rows += [
        [
            f"{line.occurred_at:%Y-%m-%d %H:%M:%S}",
            line.kind.value,
            line.source.partition(":")[2],
            line.description,
            *(
                _number(amount, currency)
                for amount in (line.gross_amount, line.commission_amount, line.tax_amount, line.net_amount)
            ),
            currency,
        ]
        for line in lines
    ]
    rows.append(balance(f"{found.end:%Y-%m-%d}", "closing balance", found.closing_amount))
    return _csv(head, rows)


def manual_csv(payouts: Iterable[Payout]) -> str:
    """What staff hand to the bank or type into PayPal; the payout's id is the reference."""
    head = ["payout", "method", "name", "account", "bank", "country", "amount", "currency"]
    return _csv(
        head,
        [
            [
                payout.public_id,
                payout.method,
                payout.destination["name"],
                payout.destination["account"],
                payout.destination.get("bank", ""),
                payout.account.country,
                _number(payout.amount, payout.currency),
                payout.currency,
            ]
            for payout in payouts
        ],
    )


def yearly_csv(year: int, totals: Iterable[YearTotal]) -> str:
    parts = ("transactions", "gross", "fees", "tax")
    head = ["year", "organization", "legal_name", "tax_id", "country", "address", "account", "currency"]
    head += [f"q{number}_{part}" for number in range(1, 5) for part in parts]
    rows = []
    for total in totals:
        row = [str(year), total.organization.public_id, *_identity(total), total.currency]
        for quarter in total.quarters:
            row.append(str(quarter.transactions))
            amounts = (quarter.gross_amount, quarter.fees_amount, quarter.tax_amount)
            row.extend(_number(amount, total.currency) for amount in amounts)
        rows.append(row)
    return _csv(head, rows)


def _number(amount: int, currency: str) -> str:
    return f"{major_units(amount, currency):.{minor_unit_digits(currency)}f}"


def _csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return text.getvalue()


def _safe(cell: str) -> str:
    """A number stays one; a text that looks like a formula is marked as text."""
    if not cell.startswith(_FORMULA) or cell.removeprefix("-").replace(".", "", 1).isdigit():
        return cell
    return f"'{cell}"


def _identity(total: YearTotal) -> list[str]:
    """Legal name (else the organization's), tax id, country, address and account, as far as they were given."""
    account = total.account
    if account is None:
        return [total.organization.name, "", "", "", ""]
    address = " / ".join(account.address.splitlines())
    return [account.legal_name, account.tax_id, account.country, address, str(account.destination["account"])]
