from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.core.staff import ReadOnlyAdmin, staff_action
from apps.keys import services
from apps.keys.models import ApiKey


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin[ApiKey]):
    """Keys by what is safe to show. The digest is not: who has it can look for the key elsewhere."""

    list_display = ["__str__", "mode", "name", "organization", "product", "created_at", "expires_at", "revoked_at"]
    list_filter = [
        "mode", "purpose",
        ("revoked_at", admin.EmptyFieldListFilter), ("expires_at", admin.EmptyFieldListFilter), "created_at",
    ]  # fmt: skip
    list_select_related = ["subscription__organization", "subscription__product"]
    search_fields = [
        "public_id",
        "prefix",
        "subscription__public_id",
        "subscription__organization__slug",
        "subscription__organization__public_id",
    ]
    search_help_text = _("The visible beginning of a key, a public id, or the address of an organization")
    fields = [
        "public_id", "name", "mode", "purpose", "prefix", "last4", "subscription", "created_by",
        "created_at", "expires_at", "revoked_at",
        "scopes", "allowed_networks",
    ]  # fmt: skip
    related_lists = ["usage.UsageEvent", "accounts.AuditEvent"]
    actions = [
        staff_action(
            "revoke",
            _("Revoke"),
            consequence=_(
                "These keys stop working for good, within seconds. Their organizations are told, with your reason, "
                "and must make new ones."
            ),
            row="key",
            service=services.revoke_key_by_staff,
        ),
    ]

    @admin.display(description=_("organization"))
    def organization(self, key: ApiKey) -> str:
        return key.subscription.organization.name

    @admin.display(description=_("product"))
    def product(self, key: ApiKey) -> str:
        return key.subscription.product.name

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        return super().get_queryset(request).defer("digest")
