from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.core.staff import ReadOnlyAdmin
from apps.payments.models import Payment, PaymentMethod, SandboxCharge


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin[Payment]):
    """Attempts to move money. One that is processing for long was not answered by the provider."""

    list_display = ["public_id", "organization", "amount", "currency", "status", "decline_code", "created_at"]
    list_filter = ["status", "created_at"]
    list_select_related = ["organization"]
    search_fields = [
        "public_id",
        "reference",
        "organization__slug",
        "organization__public_id",
        "organization__name__words",
    ]
    search_help_text = _("A public id, an invoice number, or the address or name of an organization")
    fields = [
        "public_id", "organization", "method", "amount", "currency", "status", "reference", "idempotency_key",
        "provider_reference", "decline_code", "created_at", "settled_at",
    ]  # fmt: skip


@admin.register(PaymentMethod)
class PaymentMethodAdmin(ReadOnlyAdmin[PaymentMethod]):
    """Cards by what is safe to show. The provider's token is not."""

    list_display = ["__str__", "organization", "expires", "is_default", "created_at", "removed_at"]
    list_filter = ["provider", "is_default", ("removed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["organization"]
    search_fields = ["public_id", "organization__slug", "organization__public_id", "organization__name__words"]
    search_help_text = _("A public id, or the address or name of an organization")
    fields = [
        "public_id", "organization", "provider", "brand", "last4", "exp_month", "exp_year", "holder_name",
        "is_default", "created_by", "created_at", "removed_at",
    ]  # fmt: skip


@admin.register(SandboxCharge)
class SandboxChargeAdmin(ReadOnlyAdmin[SandboxCharge]):
    """What the sandbox provider answered: the other side of the payments."""

    list_display = ["created_at", "amount", "currency", "reference", "decline_code"]
    search_fields = ["idempotency_key"]
    search_help_text = _("The idempotency key of a payment")
    fields = ["idempotency_key", "amount", "currency", "reference", "decline_code", "created_at"]
