"""What the plans of hosting allow: staff say it with a reason, as long as nobody is subscribed to the version."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.billing.models import HostingTerms
from apps.billing.services.hosting import set_hosting_terms
from apps.core.errors import DomainError
from apps.core.staff import StaffAdmin
from apps.core.staff.actions import ReasonForm
from apps.plans.models import Plan


class HostingTermsForm(forms.ModelForm[HostingTerms]):
    """What the service would refuse stands at its field."""

    staff: User
    reason = ReasonForm.base_fields["reason"]

    class Meta:
        model = HostingTerms
        fields = ["plan", "products_max"]
        help_texts = {"products_max": _("Empty: any number.")}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        try:
            with transaction.atomic():
                self.set()
                transaction.set_rollback(True)  # only tried: `save_model` does it
        except DomainError as error:
            self.add_error(error.field if error.field in self.fields else None, error.message)
        return cleaned

    def set(self) -> HostingTerms:
        plan = self.cleaned_data.get("plan") or self.instance.plan
        said = {name: self.cleaned_data[name] for name in ("products_max", "reason")}
        return set_hosting_terms(staff=self.staff, plan=plan, **said)


@admin.register(HostingTerms)
class HostingTermsAdmin(StaffAdmin[HostingTerms]):
    form = HostingTermsForm
    list_display = ["plan", "version", "products_max", "updated_at"]
    list_select_related = ["plan"]
    search_fields = ["plan__public_id"]
    search_help_text = _("The public id of a plan")
    fields = ["plan", "products_max", "reason"]

    @admin.display(description=_("version"))
    def version(self, terms: HostingTerms) -> int:
        return terms.plan.version

    def has_delete_permission(self, request: HttpRequest, obj: HostingTerms | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: HostingTerms | None = None) -> list[str]:
        return ["plan"] if obj else []

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "plan":
            current = Plan.objects.filter(product__slug=settings.HOSTING_PRODUCT, withdrawn_at__isnull=True)
            kwargs["queryset"] = current.order_by("pk")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[forms.ModelForm[HostingTerms]]:
        form = super().get_form(request, *args, **kwargs)
        form.staff = request.user  # type: ignore[attr-defined]  # a class of this request's own
        return form

    def save_model(self, request: HttpRequest, obj: HostingTerms, form: Any, change: bool) -> None:
        obj.pk = form.set().pk
