from django.contrib import admin

from apps.core.staff import ReadOnlyAdmin
from apps.notifications.models import Notice


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin[Notice]):
    list_display = ["created_at", "kind", "title", "user", "organization", "emailed_at", "read_at"]
    list_select_related = ["user", "organization"]
    search_fields = ["public_id", "user__email", "organization__slug"]
    ordering = ["-created_at"]
    fields = [
        "public_id",
        "kind",
        "title",
        "body",
        "url",
        "user",
        "organization",
        "created_at",
        "emailed_at",
        "read_at",
    ]
