from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.core.staff import ReadOnlyAdmin, ReadOnlyInline, StaffAdmin, staff_action
from apps.products import services
from apps.products.models import (
    Category,
    ChangelogEntry,
    Endpoint,
    FaqEntry,
    OpenApiImport,
    Product,
    SearchEntry,
    SupportChannel,
    Tier,
)

_OF_A_PRODUCT = _("The address or public id of a product, or the public id of the row")


@admin.register(Category)
class CategoryAdmin(StaffAdmin[Category]):
    """The shelves of the marketplace, which staff keep. A product whose shelf is deleted stands on none."""

    list_display = ["name", "slug", "position"]
    list_editable = ["position"]
    search_fields = ["slug__startswith"]
    search_help_text = _("The beginning of a category's address")
    ordering = ["position", "name"]
    fields = ["name", "slug", "position"]
    prepopulated_fields = {"slug": ["name"]}

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        saved = services.save_category(
            staff=_staff(request), slug=obj.slug, name=obj.name, position=obj.position, category=obj if change else None
        )
        obj.pk = saved.pk

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        services.remove_category(staff=_staff(request), category=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Category]) -> None:
        for category in queryset:
            self.delete_model(request, category)


def _staff(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


class TierInline(ReadOnlyInline[Tier]):
    model = Tier
    fields = ["rank", "name", "slug"]


class SupportChannelInline(ReadOnlyInline[SupportChannel]):
    model = SupportChannel
    fields = ["kind", "value", "tier", "note"]
    select_related = ("tier",)


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin[Product]):
    list_display = ["name", "slug", "organization", "category", "status", "published_at"]
    list_filter = ["status", "category", ("deprecated_at", admin.EmptyFieldListFilter), "created_at"]
    list_select_related = ["organization", "category"]
    search_fields = [
        "slug__startswith", "public_id", "organization__slug", "organization__public_id", "organization__name__words",
    ]  # fmt: skip
    search_help_text = _("The beginning of a product's address, a public id, or the address or name of an organization")
    fields = [
        "name", "slug", "public_id", "organization", "status", "category", "tags", "version", "tagline", "description",
        "upstream_url", "test_upstream_url", "max_body_bytes", "timeout_seconds", "billable_statuses",
        "rapidapi_compatible", "units_header", "allowed_networks", "denied_networks", "requires_signature",
        "deprecated_at", "retires_at", "lifecycle_note",
        "published_at", "created_at", "updated_at",
    ]  # fmt: skip
    related_lists = [
        "products.Endpoint", "plans.Plan", "subscriptions.Subscription", "usage.UsageEvent", "usage.Rejection",
        "accounts.AuditEvent",
    ]  # fmt: skip
    inlines = [TierInline, SupportChannelInline]
    actions = [
        staff_action(
            "suspend",
            _("Suspend"),
            consequence=_(
                "These products leave the marketplace, and the gateway answers every call to them with 403 "
                "product_suspended within seconds."
            ),
            row="product",
            service=services.suspend_product,
        ),
        staff_action(
            "lift_suspension",
            _("Lift the suspension"),
            consequence=_(
                "Calls of the existing subscriptions pass again within seconds. The creators publish the products "
                "again themselves."
            ),
            row="product",
            service=services.lift_suspension,
        ),
    ]


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin[Endpoint]):
    list_display = ["method", "path", "product", "tier", "weight", "removed_at"]
    list_filter = ["method", ("removed_at", admin.EmptyFieldListFilter), ("deprecated_at", admin.EmptyFieldListFilter)]
    list_select_related = ["product", "tier"]
    search_fields = ["public_id", "product__slug", "product__public_id"]
    search_help_text = _OF_A_PRODUCT
    fields = [
        "product", "method", "path", "upstream_path", "public_id", "operation_id", "tier", "weight", "max_units",
        "allowed_networks", "denied_networks", "operation",
        "created_at", "deprecated_at", "sunset_at", "removed_at",
    ]  # fmt: skip


@admin.register(ChangelogEntry)
class ChangelogEntryAdmin(ReadOnlyAdmin[ChangelogEntry]):
    list_display = ["title", "version", "product", "published_at"]
    list_filter = [("published_at", admin.EmptyFieldListFilter)]
    list_select_related = ["product"]
    search_fields = ["public_id", "product__slug", "product__public_id"]
    search_help_text = _OF_A_PRODUCT
    fields = ["product", "version", "title", "body", "public_id", "created_by", "created_at", "published_at"]


@admin.register(FaqEntry)
class FaqEntryAdmin(ReadOnlyAdmin[FaqEntry]):
    list_display = ["question", "product", "position"]
    list_select_related = ["product"]
    search_fields = ["public_id", "product__slug", "product__public_id"]
    search_help_text = _OF_A_PRODUCT
    fields = ["product", "question", "answer", "position", "public_id"]


@admin.register(OpenApiImport)
class OpenApiImportAdmin(ReadOnlyAdmin[OpenApiImport]):
    list_display = ["title", "version", "dialect", "product", "source", "created_by", "created_at", "applied_at"]
    list_filter = ["source", "dialect", ("applied_at", admin.EmptyFieldListFilter), "created_at"]
    list_select_related = ["product", "created_by"]
    search_fields = ["public_id", "product__slug", "product__public_id"]
    search_help_text = _OF_A_PRODUCT
    # The document itself may be megabytes: its creator downloads it from the studio.
    fields = [
        "product", "title", "version", "dialect", "source", "origin", "public_id", "created_by", "created_at",
        "applied_at",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[OpenApiImport]:
        return super().get_queryset(request).defer("document")


@admin.register(SearchEntry)
class SearchEntryAdmin(ReadOnlyAdmin[SearchEntry]):
    """What the marketplace's search knows: triggers keep it, and the count of subscribers a job."""

    list_display = ["product", "subscribers"]
    list_select_related = ["product"]
    search_fields = ["product__slug", "product__public_id"]
    search_help_text = _OF_A_PRODUCT
    fields = ["product", "subscribers", "head"]
