from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.core.staff import ReadOnlyAdmin, ReadOnlyInline
from apps.payouts.models import ReconciliationFault, ReconciliationRun

_FAULT = ("kind", "source", "transaction", "currency", "booked_amount", "provider_amount", "occurred_at")


class ReconciliationFaultInline(ReadOnlyInline[ReconciliationFault]):
    model = ReconciliationFault
    fields = _FAULT


@admin.register(ReconciliationRun)
class ReconciliationRunAdmin(ReadOnlyAdmin[ReconciliationRun]):
    """Each night, the provider's list of what it moved against the books."""

    list_display = ["public_id", "provider", "since", "until", "transactions", "entries", "created_at"]
    list_filter = ["created_at"]
    search_fields = ["public_id"]
    search_help_text = _("A public id")
    fields = ["public_id", "provider", "since", "until", "transactions", "entries", "created_at"]
    inlines = [ReconciliationFaultInline]


@admin.register(ReconciliationFault)
class ReconciliationFaultAdmin(ReadOnlyAdmin[ReconciliationFault]):
    list_display = ["run", *_FAULT]
    list_filter = ["kind", "occurred_at"]
    list_select_related = ["run"]
    search_fields = ["run__public_id"]
    search_help_text = _("The public id of a run")
    fields = ["run", *_FAULT]
