from django.contrib import admin

from apps.core.staff import ReadOnlyAdmin, ReadOnlyInline
from apps.plans.models import Plan, Quota, RateLimit


class QuotaInline(ReadOnlyInline[Quota]):
    model = Quota
    fields = ["name", "included_units", "period", "anchor"]


class RateLimitInline(ReadOnlyInline[RateLimit]):
    model = RateLimit
    fields = ["name", "max_calls", "window", "endpoint"]
    select_related = ("endpoint",)


@admin.register(Plan)
class PlanAdmin(ReadOnlyAdmin[Plan]):
    list_display = ["name", "version", "product", "tier", "price_amount", "currency", "published_at", "withdrawn_at"]
    list_filter = [("published_at", admin.EmptyFieldListFilter), ("withdrawn_at", admin.EmptyFieldListFilter)]
    list_select_related = ["product", "tier"]
    search_fields = ["name", "slug", "public_id", "product__name", "product__slug"]
    ordering = ["-created_at"]
    fields = [
        "name", "slug", "version", "public_id", "product", "tier", "description", "price_amount", "currency",
        "created_at", "published_at", "withdrawn_at",
    ]  # fmt: skip
    inlines = [QuotaInline, RateLimitInline]
