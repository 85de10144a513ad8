from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.core.errors import NotAllowed
from apps.core.staff import ReadOnlyAdmin, staff_action
from apps.payments import services
from apps.payments.models import (
    Dispute,
    Payment,
    PaymentMethod,
    ProviderEvent,
    Refund,
    SandboxAccount,
    SandboxCharge,
    SandboxConfirmation,
    SandboxDispute,
    SandboxMovement,
    StripeAccount,
    StripeCustomer,
)


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
        "public_id", "organization", "provider", "method", "amount", "currency", "status", "reference",
        "idempotency_key", "provider_reference", "decline_code", "action_url", "created_by", "created_at", "settled_at",
    ]  # fmt: skip
    related_lists = ["payments.Refund", "payments.Dispute"]


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin[Refund]):
    """Money that goes back to cards. One that is processing for long was not answered by the provider."""

    list_display = ["public_id", "payment", "amount", "currency", "status", "failure_code", "created_at"]
    list_filter = ["status", "created_at"]
    list_select_related = ["payment"]
    search_fields = ["public_id", "reference", "payment__public_id"]
    search_help_text = _("A public id of a refund, of a payment, or of what it is given back for")
    fields = [
        "public_id", "payment", "amount", "currency", "status", "reason", "reference", "idempotency_key",
        "provider_reference", "failure_code", "created_by", "created_at", "settled_at", "returned_at",
    ]  # fmt: skip


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin[Dispute]):
    """Payments that a cardholder's bank has taken back."""

    list_display = ["public_id", "payment", "amount", "currency", "reason", "status", "opened_at", "evidence_due_at"]
    list_filter = ["status", "opened_at"]
    list_select_related = ["payment"]
    search_fields = ["public_id", "provider_reference", "payment__public_id"]
    search_help_text = _("A public id of a dispute or a payment, or the provider's reference")
    fields = [
        "public_id", "payment", "amount", "currency", "reason", "status", "fee_amount", "provider",
        "provider_reference", "opened_at", "evidence_due_at", "closed_at",
    ]  # fmt: skip
    actions = [
        staff_action(
            "win",
            _("Close as won"),
            consequence=_("Sandbox: the bank decides for the creators. What was taken comes back, with the fee."),
            row="dispute",
            service=services.win_sandbox_dispute,
        ),
        staff_action(
            "lose",
            _("Close as lost"),
            consequence=_("Sandbox: the bank decides for the cardholders. What was taken is gone, and so is the fee."),
            row="dispute",
            service=services.lose_sandbox_dispute,
        ),
    ]

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Real banks decide by themselves."""
        return settings.SANDBOX_CLOCK and super().has_act_permission(request)


@admin.register(ProviderEvent)
class ProviderEventAdmin(ReadOnlyAdmin[ProviderEvent]):
    """What providers have told us. One that is not processed, or is none of ours, shows why under its error."""

    list_display = ["received_at", "provider", "kind", "event_id", "processed_at", "attempts", "error"]
    list_filter = ["provider", ("processed_at", admin.EmptyFieldListFilter), "received_at"]
    search_fields = ["public_id", "event_id"]
    search_help_text = _("A public id, or the provider's id of an event")
    fields = [
        "public_id", "provider", "event_id", "kind", "account", "livemode", "payload", "received_at", "processed_at",
        "attempts", "error", "next_attempt_at",
    ]  # fmt: skip
    change_list_template = "admin/payments/providerevent/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        own = path("send-test/", self.admin_site.admin_view(self.send_test), name="payments_providerevent_send_test")
        return [own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        shown = {"may_send_test": settings.SANDBOX_CLOCK and self.has_act_permission(request)}
        return super().changelist_view(request, shown | (extra_context or {}))

    def send_test(self, request: HttpRequest) -> HttpResponse:
        """In development: an event on its way through the inbox."""
        if request.method == "POST":
            assert isinstance(request.user, User)
            try:
                event = services.send_test_event(staff=request.user)
            except NotAllowed as refusal:
                raise PermissionDenied from refusal
            self.message_user(request, _("Sent %(event)s.") % {"event": event}, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:payments_providerevent_changelist"))


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
    search_fields = ["idempotency_key", "reference"]
    search_help_text = _("The idempotency key of a payment, or its reference at the provider")
    fields = ["idempotency_key", "amount", "currency", "reference", "decline_code", "action_url", "created_at"]


@admin.register(SandboxConfirmation)
class SandboxConfirmationAdmin(ReadOnlyAdmin[SandboxConfirmation]):
    """What became of charges that the cardholder was asked to confirm."""

    list_display = ["created_at", "charge", "answer"]
    list_select_related = ["charge"]
    fields = ["charge", "answer", "created_at"]


@admin.register(SandboxMovement)
class SandboxMovementAdmin(ReadOnlyAdmin[SandboxMovement]):
    """Refunds, transfers and their reversals in the sandbox's books."""

    list_display = ["created_at", "kind", "amount", "currency", "reference", "failure_code"]
    list_filter = ["kind"]
    search_fields = ["idempotency_key", "reference", "subject"]
    search_help_text = _("An idempotency key, a reference, or that of the charge, account or transfer it is of")
    fields = ["idempotency_key", "kind", "subject", "amount", "currency", "reference", "failure_code", "created_at"]


@admin.register(SandboxDispute)
class SandboxDisputeAdmin(ReadOnlyAdmin[SandboxDispute]):
    """Disputes in the sandbox's books."""

    list_display = ["opened_at", "charge", "amount", "status", "closed_at"]
    list_select_related = ["charge"]
    search_fields = ["reference"]
    search_help_text = _("The provider's reference of a dispute")
    fields = ["charge", "reference", "amount", "fee_amount", "status", "opened_at", "closed_at"]


@admin.register(SandboxAccount)
class SandboxAccountAdmin(ReadOnlyAdmin[SandboxAccount]):
    """Accounts that the sandbox transfers to."""

    list_display = ["created_at", "reference", "holder", "country", "details_submitted", "conduct"]
    search_fields = ["reference"]
    search_help_text = _("The reference of an account")
    fields = ["reference", "holder", "email", "country", "details_submitted", "conduct", "created_at"]


@admin.register(StripeCustomer)
class StripeCustomerAdmin(ReadOnlyAdmin[StripeCustomer]):
    """What Stripe knows the organizations as that pay."""

    list_display = ["reference", "organization", "created_at"]


@admin.register(StripeAccount)
class StripeAccountAdmin(ReadOnlyAdmin[StripeAccount]):
    """The accounts at Stripe that were opened for creators; messages of others are ignored."""

    list_display = ["reference", "organization", "created_at"]


# Its admin lets people change what is Stripe's, and would keep keys in the database.
if apps.is_installed("djstripe"):
    mirrored = apps.get_app_config("djstripe").get_models()
    admin.site.unregister([model for model in mirrored if admin.site.is_registered(model)])
