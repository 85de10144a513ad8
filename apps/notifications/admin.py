from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.core.staff import ReadOnlyAdmin
from apps.notifications.models import Notice


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin[Notice]):
    list_display = ["created_at", "kind", "title", "user", "organization", "emailed_at", "read_at"]
    list_select_related = ["user", "organization"]
    list_filter = [("emailed_at", admin.EmptyFieldListFilter), ("read_at", admin.EmptyFieldListFilter)]
    search_fields = ["public_id", "user__email", "user__public_id", "organization__slug", "organization__public_id"]
    search_help_text = _("A public id, the e-mail address of a person, or the address of an organization")
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
