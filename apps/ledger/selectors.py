"""Reads of the books: balances are derived from the postings."""

from django.db.models import QuerySet, Sum

from apps.accounts.models import Organization
from apps.ledger.enums import AccountKind
from apps.ledger.models import JournalEntry, LedgerAccount, Posting


def balance(account: LedgerAccount) -> int:
    """The sum of an account's postings in minor units: above zero a debit balance, below a credit balance."""
    total: int | None = Posting.objects.filter(account=account).aggregate(total=Sum("amount"))["total"]
    return total or 0


def find_account(*, kind: AccountKind, currency: str, organization: Organization | None = None) -> LedgerAccount | None:
    return LedgerAccount.objects.filter(kind=kind, currency=currency.upper(), organization=organization).first()


def find_entry(*, source: str) -> JournalEntry | None:
    """The entry that records this event, with its postings."""
    return JournalEntry.objects.prefetch_related("postings__account").filter(source=source).first()


def list_unbalanced_entries() -> QuerySet[JournalEntry]:
    """Entries whose postings do not sum to zero in a currency. There are none: the database holds it."""
    return JournalEntry.objects.filter(
        pk__in=Posting.objects.order_by()
        .values("entry", "account__currency")
        .annotate(total=Sum("amount"))
        .exclude(total=0)
        .values("entry")
    )
