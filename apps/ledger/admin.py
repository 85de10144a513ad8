from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.core.staff import ReadOnlyAdmin, ReadOnlyInline
from apps.ledger.models import JournalEntry, LedgerAccount, Posting


class PostingInline(ReadOnlyInline[Posting]):
    model = Posting
    fields = ["account", "amount"]
    select_related = ("account",)


@admin.register(LedgerAccount)
class LedgerAccountAdmin(ReadOnlyAdmin[LedgerAccount]):
    list_display = ["kind", "organization", "currency", "created_at"]
    list_filter = ["kind"]
    list_select_related = ["organization"]
    search_fields = ["organization__slug", "organization__public_id", "organization__name__words"]
    search_help_text = _("The address, name or public id of an organization")
    fields = ["kind", "organization", "currency", "created_at"]


@admin.register(JournalEntry)
class JournalEntryAdmin(ReadOnlyAdmin[JournalEntry]):
    """Money events. They are never changed: a correction is another entry."""

    list_display = ["occurred_at", "source", "description"]
    list_filter = ["occurred_at"]
    search_fields = ["public_id", "source"]
    search_help_text = _("A public id, an invoice number, or a source such as invoice.paid:inv_…")
    fields = ["public_id", "source", "description", "occurred_at", "created_at"]
    inlines = [PostingInline]
