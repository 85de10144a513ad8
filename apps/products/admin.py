from collections.abc import Callable

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError
from apps.core.staff import ReadOnlyAdmin, ReadOnlyInline
from apps.products import services
from apps.products.models import Endpoint, Product, Tier


class ReasonForm(ActionForm):
    reason = forms.CharField(label=_("Reason"), required=False, max_length=200)


class TierInline(ReadOnlyInline[Tier]):
    model = Tier
    fields = ["rank", "name", "slug"]


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin[Product]):
    list_display = ["name", "slug", "organization", "status", "published_at"]
    list_filter = ["status"]
    list_select_related = ["organization"]
    search_fields = ["name", "slug", "public_id", "organization__name", "organization__slug"]
    ordering = ["-created_at"]
    fields = [
        "name", "slug", "public_id", "organization", "status", "tagline", "description", "upstream_url",
        "max_body_bytes", "timeout_seconds", "billable_statuses", "rapidapi_compatible",
        "published_at", "created_at", "updated_at",
    ]  # fmt: skip
    inlines = [TierInline]
    action_form = ReasonForm
    actions = ["suspend", "lift_suspension"]

    def has_suspend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("products.change_product")

    @admin.action(description=_("Suspend (give a reason)"), permissions=["suspend"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self._for_each(request, queryset, services.suspend_product)

    @admin.action(description=_("Lift the suspension (give a reason)"), permissions=["suspend"])
    def lift_suspension(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self._for_each(request, queryset, services.lift_suspension)

    def _for_each(self, request: HttpRequest, queryset: QuerySet[Product], service: Callable[..., Product]) -> None:
        for product in queryset:
            try:
                service(staff=request.user, product=product, reason=request.POST.get("reason", ""))
            except DomainError as error:
                self.message_user(request, f"{product}: {error.message}", messages.ERROR)
            else:
                self.message_user(request, _("%(product)s: done.") % {"product": product}, messages.SUCCESS)


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin[Endpoint]):
    list_display = ["method", "path", "product", "tier", "weight", "removed_at"]
    list_filter = ["method", ("removed_at", admin.EmptyFieldListFilter), ("deprecated_at", admin.EmptyFieldListFilter)]
    list_select_related = ["product", "tier"]
    search_fields = ["path", "public_id", "product__slug"]
    fields = [
        "product", "method", "path", "upstream_path", "public_id", "tier", "weight", "operation",
        "created_at", "deprecated_at", "sunset_at", "removed_at",
    ]  # fmt: skip
