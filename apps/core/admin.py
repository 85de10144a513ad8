from django.contrib import admin

from apps.core.models import Change, SandboxClock
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
