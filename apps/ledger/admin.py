from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.core.staff import ReadOnlyAdmin, ReadOnlyInline, staff_action
from apps.ledger.models import EntrySeal, JournalEntry, LedgerAccount, Posting
from apps.ledger.services import reverse_entry


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

    list_display = ["occurred_at", "source", "description", "corrects"]
    list_filter = ["occurred_at", ("corrects", admin.EmptyFieldListFilter)]
    list_select_related = ["corrects"]
    search_fields = ["public_id", "source"]
    search_help_text = _("A public id, an invoice number, or a source such as invoice.paid:inv_…")
    fields = ["public_id", "source", "description", "corrects", "occurred_at", "created_at"]
    inlines = [PostingInline]
    actions = [
        staff_action(
            "reverse",
            _("Undo by a correction"),
            consequence=_("New entries are booked that undo all that is left of these. The entries stay as they are."),
            row="entry",
            service=reverse_entry,
        ),
    ]


@admin.register(EntrySeal)
class EntrySealAdmin(ReadOnlyAdmin[EntrySeal]):
    """Digests by which a row is found that was changed past the guards."""

    list_display = ["entry", "digest"]
    list_select_related = ["entry"]
    search_fields = ["entry__public_id", "entry__source"]
    search_help_text = _("The public id or the source of an entry")
    fields = ["entry", "digest"]
