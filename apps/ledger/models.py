from django.db import models

from apps.accounts.models import Organization
from apps.core.ids import PublicIdField
from apps.core.timestamps import TimestampField
from apps.ledger.enums import AccountKind

# Triggers of the database refuse every update and delete of these tables, and an entry that does not balance
# (see the migrations `0002_guards` and `0003_closed_entries`).


class LedgerAccount(models.Model):
    """One side of the books, in one currency; its balance is the sum of its postings and stored nowhere."""

    kind = models.CharField(max_length=30, choices=AccountKind)
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.PROTECT, related_name="ledger_accounts"
    )
    currency = models.CharField(max_length=3)
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "organization", "currency"], name="ledger_account_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=models.Q(kind=AccountKind.CREATOR_PAYABLE, organization__isnull=False)
                | (~models.Q(kind=AccountKind.CREATOR_PAYABLE) & models.Q(organization__isnull=True)),
                name="ledger_account_owner_by_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.organization_id or ''} {self.currency}"


class JournalEntry(models.Model):
    """One money event. Its postings sum to zero in every currency; a correction is another entry."""

    public_id = PublicIdField("je")
    # What it records, such as `invoice.paid:inv_…`; unique, so that an event is booked once.
    source = models.CharField(max_length=100, unique=True)
    description = models.CharField(max_length=300)
    occurred_at = models.DateTimeField()
    # The entry that this one puts right.
    corrects = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections")
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        ordering = ["-occurred_at", "-id"]
        verbose_name_plural = "journal entries"

    def __str__(self) -> str:
        return self.source


class Posting(models.Model):
    """A movement of one account: minor units of its currency, a debit above zero, a credit below."""

    entry = models.ForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="postings")
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="postings")
    amount = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~models.Q(amount=0), name="posting_moves_something")]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.amount}"


class EntrySeal(models.Model):
    """A digest of an entry and its postings, which the database makes when they are committed."""

    entry = models.OneToOneField(JournalEntry, primary_key=True, on_delete=models.PROTECT, related_name="seal")
    digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.digest}"
