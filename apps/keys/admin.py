from django.contrib import admin

from apps.core.staff import ReadOnlyAdmin
from apps.keys.models import ApiKey


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin[ApiKey]):
    """Keys by what is safe to show. The digest is not: who has it can look for the key elsewhere."""

    list_display = ["__str__", "name", "organization", "product", "created_at", "expires_at", "revoked_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter), ("expires_at", admin.EmptyFieldListFilter)]
    list_select_related = ["subscription__organization", "subscription__product"]
    search_fields = ["=public_id", "=prefix", "=last4", "subscription__organization__slug", "=subscription__public_id"]
    ordering = ["-created_at"]
    fields = [
        "public_id",
        "name",
        "prefix",
        "last4",
        "subscription",
        "created_by",
        "created_at",
        "expires_at",
        "revoked_at",
        "scopes",
        "allowed_networks",
    ]

    @admin.display(ordering="subscription__organization__name")
    def organization(self, key: ApiKey) -> str:
        return key.subscription.organization.name

    @admin.display(ordering="subscription__product__name")
    def product(self, key: ApiKey) -> str:
        return key.subscription.product.name
