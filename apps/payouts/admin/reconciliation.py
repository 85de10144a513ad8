from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
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

    list_display = ["public_id", "provider", "since", "until", "transactions", "entries", "count_faults", "created_at"]
    list_filter = ["created_at"]
    search_fields = ["public_id"]
    search_help_text = _("A public id")
    fields = ["public_id", "provider", "since", "until", "transactions", "entries", "created_at"]
    inlines = [ReconciliationFaultInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReconciliationRun]:
        return super().get_queryset(request).annotate(faults_found=Count("faults"))

    @admin.display(description=_("differences"))
    def count_faults(self, run: ReconciliationRun) -> int:
        return int(run.faults_found)  # type: ignore[attr-defined]  # annotated above


@admin.register(ReconciliationFault)
class ReconciliationFaultAdmin(ReadOnlyAdmin[ReconciliationFault]):
    list_display = ["run", *_FAULT]
    list_filter = ["kind", "occurred_at"]
    list_select_related = ["run"]
    search_fields = ["source", "transaction", "run__public_id"]
    search_help_text = _("The source of an entry, the provider's id of a transaction, or the public id of a run")
    fields = ["run", *_FAULT]
