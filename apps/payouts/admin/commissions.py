"""The rules of billing by which the platform's share is reckoned: staff add them, and end them with a reason."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.billing.models import CommissionRule
from apps.billing.services.commissions import add_commission_rule, end_commission_rule
from apps.core.errors import DomainError
from apps.core.staff import StaffAdmin, staff_action


class CommissionRuleForm(forms.ModelForm[CommissionRule]):
    """What the service would refuse stands at its field."""

    staff: User

    class Meta:
        model = CommissionRule
        fields = [
            "scope", "product", "organization", "category", "percent", "valid_from", "valid_until", "note",
        ]  # fmt: skip

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

    def add(self) -> CommissionRule:
        values = {name: value for name, value in self.cleaned_data.items() if name != "note"}
        return add_commission_rule(staff=self.staff, reason=self.cleaned_data["note"], **values)


@admin.register(CommissionRule)
class CommissionRuleAdmin(StaffAdmin[CommissionRule]):
    form = CommissionRuleForm
    list_display = ["scope", "target", "percent", "valid_from", "valid_until", "note"]
    list_filter = ["scope", ("valid_until", admin.EmptyFieldListFilter)]
    list_select_related = ["product", "organization", "category"]
    search_fields = [
        "public_id", "product__slug", "product__public_id", "organization__slug", "organization__public_id",
    ]  # fmt: skip
    search_help_text = _("A public id, or the address of a product or an organization")
    fields = ["scope", "product", "organization", "category", "percent", "valid_from", "valid_until", "note"]
    autocomplete_fields = ["product", "organization", "category"]
    actions = [
        staff_action(
            "end",
            _("End now"),
            consequence=_("From now on the next wider rule counts. What is booked already stays as it is."),
            row="rule",
            service=end_commission_rule,
        ),
    ]

    def has_change_permission(self, request: HttpRequest, obj: CommissionRule | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: CommissionRule | None = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[forms.ModelForm[CommissionRule]]:
        form = super().get_form(request, *args, **kwargs)
        form.staff = request.user  # type: ignore[attr-defined]  # a class of this request's own
        return form

    def save_model(self, request: HttpRequest, obj: CommissionRule, form: Any, change: bool) -> None:
        added = form.add()
        obj.pk, obj.public_id = added.pk, added.public_id
