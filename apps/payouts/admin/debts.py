from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.core.staff import ReadOnlyAdmin
from apps.payouts.models import Recovery, WriteOff


@admin.register(Recovery)
class RecoveryAdmin(ReadOnlyAdmin[Recovery]):
    """Transfers that are taken back; `owed` is what the provider refused, and is asked for again."""

    list_display = [
        "public_id",
        "payout",
        "amount",
        "status",
        "attempts",
        "failure_code",
        "next_attempt_at",
        "ended_at",
    ]
    list_filter = ["status", "created_at"]
    list_select_related = ["payout"]
    search_fields = ["public_id", "payout__public_id"]
    search_help_text = _("The public id of the row or its payout")
    fields = [
        "public_id", "payout", "amount", "status", "attempts", "reason", "reference", "failure_code",
        "idempotency_key", "created_by", "created_at", "next_attempt_at", "ended_at",
    ]  # fmt: skip
    related_lists = ["ledger.JournalEntry"]


@admin.register(WriteOff)
class WriteOffAdmin(ReadOnlyAdmin[WriteOff]):
    list_display = ["public_id", "organization", "amount", "currency", "created_by", "created_at"]
    list_filter = ["created_at"]
    list_select_related = ["organization", "created_by"]
    search_fields = ["public_id", "organization__slug", "organization__public_id", "organization__name__words"]
    search_help_text = _("A public id, or the address or name of an organization")
    fields = ["public_id", "organization", "amount", "currency", "reason", "created_by", "created_at"]
    related_lists = ["ledger.JournalEntry"]
