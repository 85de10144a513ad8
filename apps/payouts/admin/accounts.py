from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Organization
from apps.billing.notices import amount_in_words
from apps.core import clock
from apps.core.staff import ReadOnlyAdmin, staff_action
from apps.payouts import services
from apps.payouts.admin.files import csv_file
from apps.payouts.exports import yearly_csv
from apps.payouts.models import PayoutAccount
from apps.payouts.selectors import balances_of, yearly_totals


@admin.register(PayoutAccount)
class PayoutAccountAdmin(ReadOnlyAdmin[PayoutAccount]):
    """Where creators are paid to, with what they have and owe."""

    list_display = ["organization", "method", "status", "country", "currency", "schedule", "stopped_at"]
    list_filter = ["status", "method", "schedule", ("stopped_at", admin.EmptyFieldListFilter)]
    list_select_related = ["organization"]
    search_fields = [
        "public_id", "provider_account", "organization__slug", "organization__public_id",
        "organization__name__words",
    ]  # fmt: skip
    search_help_text = _("A public id, the provider's id of an account, or the address or name of an organization")
    fields = [
        "organization", "public_id", "balances", "method", "status", "stopped_at", "provider", "provider_account",
        "requirements", "legal_name", "tax_id", "address", "country", "bank_account", "bank_code", "paypal_email",
        "currency", "schedule", "scheduled_on", "minimum_amount", "created_at", "updated_at",
    ]  # fmt: skip
    related_lists = ["accounts.AuditEvent"]
    actions = [
        staff_action(
            "stop_payouts",
            _("Stop payouts"),
            consequence=_("Nothing is sent to these creators any more. What they earn stays in their balances."),
            row="account",
            service=services.stop_payouts,
        ),
        staff_action(
            "allow_payouts",
            _("Allow payouts again"),
            consequence=_("What is held for these creators is sent, and their schedules go on."),
            row="account",
            service=services.allow_payouts,
        ),
        staff_action(
            "write_off",
            _("Write off what is owed"),
            consequence=_("Balances below zero become losses of the platform. This cannot be undone here."),
            row="account",
            service=services.write_off_balances,
        ),
        "totals_of_this_year",
        "totals_of_last_year",
    ]

    @admin.display(description=_("balances"))
    def balances(self, account: PayoutAccount) -> str:
        return "; ".join(
            f"{amount_in_words(balance.total_amount, balance.currency)} "
            f"({amount_in_words(balance.available_amount, balance.currency)} available)"
            for balance in balances_of(account.organization)
        )

    @admin.action(description=_("Totals of this year (CSV)"), permissions=["view"])
    def totals_of_this_year(self, request: HttpRequest, queryset: QuerySet[PayoutAccount]) -> HttpResponse:
        return _totals(queryset, clock.now().year)

    @admin.action(description=_("Totals of last year (CSV)"), permissions=["view"])
    def totals_of_last_year(self, request: HttpRequest, queryset: QuerySet[PayoutAccount]) -> HttpResponse:
        return _totals(queryset, clock.now().year - 1)


def _totals(accounts: QuerySet[PayoutAccount], year: int) -> HttpResponse:
    chosen = Organization.objects.filter(pk__in=accounts.values("organization")).order_by("pk")
    return csv_file(yearly_csv(year, yearly_totals(chosen, year)), f"creators-{year}.csv")
