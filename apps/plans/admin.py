from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.core.staff import ReadOnlyAdmin, ReadOnlyInline
from apps.plans.models import Plan, PlanGrant, Quota, RateLimit


class QuotaInline(ReadOnlyInline[Quota]):
    model = Quota
    fields = [
        "name", "included_units", "period", "anchor", "overage", "overage_unit_amount", "overage_max_units", "prices",
    ]  # fmt: skip

    @admin.display(description=_("tiers"))
    def prices(self, quota: Quota) -> str:
        return "; ".join(
            f"{tier}: {tier.unit_amount.normalize():f} + {tier.flat_amount}" for tier in quota.price_tiers.all()
        )


class RateLimitInline(ReadOnlyInline[RateLimit]):
    model = RateLimit
    fields = ["name", "max_calls", "window", "endpoint"]
    select_related = ("endpoint",)


@admin.register(Plan)
class PlanAdmin(ReadOnlyAdmin[Plan]):
    list_display = [
        "name", "version", "product", "tier", "price_amount", "currency", "interval", "published_at", "withdrawn_at",
    ]  # fmt: skip
    list_filter = [
        "interval", "visibility", "requires_approval",
        ("published_at", admin.EmptyFieldListFilter), ("withdrawn_at", admin.EmptyFieldListFilter),
    ]  # fmt: skip
    list_select_related = ["product", "tier"]
    search_fields = ["public_id", "product__slug", "product__public_id"]
    search_help_text = _("The public id of a plan, or the address or public id of a product")
    fields = [
        "name", "slug", "version", "public_id", "product", "tier", "description", "price_amount", "currency",
        "interval", "visibility", "requires_approval", "trial_days", "trial_requires_card", "quota_on_change",
        "max_concurrent",
        "created_at", "published_at", "withdrawn_at",
    ]  # fmt: skip
    related_lists = ["billing.HostingTerms", "subscriptions.Subscription", "accounts.AuditEvent"]
    inlines = [QuotaInline, RateLimitInline]


@admin.register(PlanGrant)
class PlanGrantAdmin(ReadOnlyAdmin[PlanGrant]):
    """Who may see and buy a private plan."""

    list_display = ["organization", "product", "plan_slug", "created_by", "created_at"]
    list_select_related = ["organization", "product", "created_by"]
    search_fields = ["organization__slug", "organization__public_id", "product__slug", "product__public_id"]
    search_help_text = _("The address or public id of an organization or a product")
    fields = ["organization", "product", "plan_slug", "created_by", "created_at"]
