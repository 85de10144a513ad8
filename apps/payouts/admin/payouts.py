from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import User
from apps.core.staff import ReadOnlyAdmin, ReadOnlyInline, staff_action
from apps.payouts import services
from apps.payouts.admin.files import csv_file
from apps.payouts.exports import manual_csv
from apps.payouts.models import Payout, PayoutApproval, Recovery


class PayoutApprovalInline(ReadOnlyInline[PayoutApproval]):
    model = PayoutApproval
    fields = ["staff", "reason", "created_at"]
    select_related = ("staff",)


class RecoveryInline(ReadOnlyInline[Recovery]):
    model = Recovery
    fields = ["public_id", "amount", "status", "attempts", "failure_code", "next_attempt_at", "ended_at"]


@admin.register(Payout)
class PayoutAdmin(ReadOnlyAdmin[Payout]):
    list_display = [
        "public_id", "organization", "amount", "currency", "method", "status", "approvals_needed", "created_at",
        "paid_at",
    ]  # fmt: skip
    list_filter = ["status", "method", "created_at"]
    list_select_related = ["organization"]
    search_fields = [
        "public_id", "reference", "organization__slug", "organization__public_id", "organization__name__words",
    ]  # fmt: skip
    search_help_text = gettext_lazy("A public id, a reference, or the address or name of an organization")
    fields = [
        "public_id", "organization", "account", "method", "destination", "amount", "currency", "status",
        "approvals_needed", "requested_by", "scheduled_on", "reference", "failure_code", "idempotency_key",
        "created_at", "approved_at", "sent_at", "paid_at", "returned_at",
    ]  # fmt: skip
    related_lists = ["ledger.JournalEntry", "accounts.AuditEvent"]
    inlines = [PayoutApprovalInline, RecoveryInline]
    actions = [
        staff_action(
            "approve",
            gettext_lazy("Approve"),
            consequence=gettext_lazy("With the second person's approval the money is sent."),
            row="payout",
            service=services.approve_payout,
        ),
        staff_action(
            "reject",
            gettext_lazy("Reject"),
            consequence=gettext_lazy("The money goes back to the balances of the creators, who are told."),
            row="payout",
            service=services.reject_payout,
        ),
        "export",
        staff_action(
            "mark_sent",
            gettext_lazy("Mark as sent"),
            consequence=gettext_lazy(
                "You have transferred the money yourself. Give the bank's reference as the reason."
            ),
            row="payout",
            service=services.mark_sent,
        ),
        staff_action(
            "mark_failed",
            gettext_lazy("Mark as failed"),
            consequence=gettext_lazy(
                "What you transferred did not arrive, or came back: it goes to the balances of the creators again."
            ),
            row="payout",
            service=services.mark_failed,
        ),
        staff_action(
            "retry",
            gettext_lazy("Try again"),
            consequence=gettext_lazy(
                "A held payout is sent now. For one that failed, another over the same amount is made."
            ),
            row="payout",
            service=services.retry_payout,
        ),
        staff_action(
            "take_back",
            gettext_lazy("Take back what is owed"),
            consequence=gettext_lazy(
                "The provider is asked to reverse as much of these transfers as the creators owe. What it refuses "
                "stays a debt and is asked for again."
            ),
            row="payout",
            service=services.start_recovery,
        ),
    ]

    @admin.action(description=gettext_lazy("Export for the bank (CSV)"), permissions=["act"])
    def export(self, request: HttpRequest, queryset: QuerySet[Payout]) -> HttpResponse | None:
        """Nobody cancels these any more: somebody is about to transfer them."""
        assert isinstance(request.user, User)
        exported = services.export_payouts(staff=request.user, payouts=queryset)
        if not exported:
            self.message_user(request, _("None of these is approved and to be paid by hand."), messages.ERROR)
            return None
        return csv_file(manual_csv(exported), "payouts.csv")
