from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.core.models import Change, IdempotentRequest, SandboxClock
from apps.core.staff import ReadOnlyAdmin


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin[Change]):
    """What other processes were told of, within the last day."""

    list_display = ["created_at", "topic"]
    list_filter = ["created_at"]
    fields = ["created_at", "topic"]


@admin.register(SandboxClock)
class SandboxClockAdmin(ReadOnlyAdmin[SandboxClock]):
    list_display = ["offset"]
    fields = ["offset"]


@admin.register(IdempotentRequest)
class IdempotentRequestAdmin(ReadOnlyAdmin[IdempotentRequest]):
    """Requests with an `Idempotency-Key`, without what was answered. One without a status runs, or its process died."""

    list_display = ["created_at", "caller", "key", "status"]
    list_filter = ["created_at"]
    search_fields = ["caller"]
    search_help_text = _("Who called, as the list writes it")
    fields = ["created_at", "caller", "key", "status"]
