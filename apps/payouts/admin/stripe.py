"""What is sold through Stripe, not here: which price stands for which plan, and what came in."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.billing.models import PlanPrice, StripeInvoice
from apps.billing.services.plan_prices import add_plan_price, remove_plan_price
from apps.core.errors import DomainError
from apps.core.staff import ReadOnlyAdmin, StaffAdmin, staff_action


class PlanPriceForm(forms.ModelForm[PlanPrice]):
    """What the service would refuse stands at its field."""

    staff: User

    class Meta:
        model = PlanPrice
        fields = ["product", "plan_slug", "price", "note"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        try:
            with transaction.atomic():
                self.add()
                transaction.set_rollback(True)  # only tried: `save_model` does it
        except DomainError as error:
            self.add_error(error.field if error.field in self.fields else None, error.message)
        return cleaned

    def validate_constraints(self) -> None:
        """The service says it in words."""

    def add(self) -> PlanPrice:
        values = {name: value for name, value in self.cleaned_data.items() if name != "note"}
        return add_plan_price(staff=self.staff, reason=self.cleaned_data["note"], **values)


@admin.register(PlanPrice)
class PlanPriceAdmin(StaffAdmin[PlanPrice]):
    """Prices of Stripe's: whoever subscribes to one there has the plan here, and its creator is credited."""

    form = PlanPriceForm
    list_display = ["price", "product", "plan_slug", "created_at", "removed_at", "note"]
    list_filter = [("removed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["product"]
    search_fields = ["public_id", "price", "product__slug", "product__public_id"]
    search_help_text = _("Stripe's id of a price, a public id, or the address of a product")
    fields = ["product", "plan_slug", "price", "note"]
    autocomplete_fields = ["product"]
    actions = [
        staff_action(
            "remove",
            _("Remove"),
            consequence=_("New subscriptions to these prices are none of ours. Those that run keep their plan."),
            row="plan_price",
            service=remove_plan_price,
        ),
    ]

    def has_change_permission(self, request: HttpRequest, obj: PlanPrice | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PlanPrice | None = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[forms.ModelForm[PlanPrice]]:
        form = super().get_form(request, *args, **kwargs)
        form.staff = request.user  # type: ignore[attr-defined]  # a class of this request's own
        return form

    def save_model(self, request: HttpRequest, obj: PlanPrice, form: Any, change: bool) -> None:
        added = form.add()
        obj.pk, obj.public_id = added.pk, added.public_id


@admin.register(StripeInvoice)
class StripeInvoiceAdmin(ReadOnlyAdmin[StripeInvoice]):
    """What Stripe collected by itself, and the journal has."""

    list_display = ["reference", "subscription", "amount", "currency", "paid_at"]
    list_select_related = ["subscription__organization", "subscription__product"]
    search_fields = ["reference", "payment_reference", "subscription__public_id"]
    search_help_text = _("Stripe's id of an invoice or a payment, or the public id of a subscription")
    fields = [
        "reference", "subscription", "amount", "tax_amount", "currency", "payment_reference", "paid_at", "created_at",
    ]  # fmt: skip
