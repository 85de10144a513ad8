"""Coupons in the admin: staff make those of the whole platform, and archive any."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.accounts.staff import REASON_MAX
from apps.billing import services
from apps.billing.coupons import CouponSpec
from apps.billing.models import Coupon, CouponRedemption
from apps.core.errors import DomainError
from apps.core.staff import ReadOnlyAdmin, ReadOnlyInline, staff_action


class CouponForm(forms.ModelForm[Coupon]):
    """A coupon for every product; what the service would refuse stands at its field."""

    staff: User
    reason = forms.CharField(label=_("Reason"), max_length=REASON_MAX, help_text=_("The audit log keeps it."))

    class Meta:
        model = Coupon
        fields = [
            "code", "percent", "amount", "currency", "duration", "cycles", "max_redemptions", "redeem_by",
        ]  # fmt: skip
        help_texts = {
            "percent": _("Or an amount off, one of the two."),
            "amount": _("In the smallest unit of the currency: 500 are 5.00 USD."),
            "cycles": _("Where it holds for several."),
            "redeem_by": _("UTC. Empty: no end."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        try:
            with transaction.atomic():
                self.create()
                transaction.set_rollback(True)  # only tried: `save_model` does it
        except DomainError as error:
            self.add_error(error.field if error.field in self.fields else None, error.message)
        return cleaned

    def validate_constraints(self) -> None:
        """The service says it in words."""

    def create(self) -> Coupon:
        terms = {name: self.cleaned_data[name] for name in self.Meta.fields}
        spec = CouponSpec(**terms | {"currency": terms["currency"].upper()})
        return services.create_coupon_by_staff(staff=self.staff, spec=spec, reason=self.cleaned_data["reason"])


class CouponRedemptionInline(ReadOnlyInline[CouponRedemption]):
    model = CouponRedemption
    fields = ["organization", "subscription", "redeemed_at", "redeemed_by"]
    select_related = ("organization", "subscription", "redeemed_by")


@admin.register(Coupon)
class CouponAdmin(ReadOnlyAdmin[Coupon]):
    """Those of products, and (without one) those of the whole platform."""

    list_display = [
        "code", "product", "percent", "amount", "currency", "duration", "cycles", "redeem_by", "archived_at",
    ]  # fmt: skip
    list_filter = ["duration", ("product", admin.EmptyFieldListFilter), ("archived_at", admin.EmptyFieldListFilter)]
    list_select_related = ["product"]
    search_fields = ["public_id", "code", "product__slug", "product__public_id"]
    search_help_text = _("A code, a public id, or the address of a product")
    fields = [
        "code", "public_id", "product", "percent", "amount", "currency", "duration", "cycles", "plan_slugs",
        "max_redemptions", "redeem_by", "created_by", "created_at", "archived_at",
    ]  # fmt: skip
    inlines = [CouponRedemptionInline]
    actions = [
        staff_action(
            "archive",
            _("Archive"),
            consequence=_("These coupons are not accepted any more. Who has entered one keeps it."),
            row="coupon",
            service=services.archive_coupon_by_staff,
        ),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("billing.add_coupon"))

    def get_readonly_fields(self, request: HttpRequest, obj: Coupon | None = None) -> Any:
        return super().get_readonly_fields(request, obj) if obj else ()

    def get_fields(self, request: HttpRequest, obj: Coupon | None = None) -> Any:
        return self.fields if obj else [*CouponForm.Meta.fields, "reason"]

    def get_inlines(self, request: HttpRequest, obj: Coupon | None) -> Any:
        return self.inlines if obj else []

    def get_form(
        self, request: HttpRequest, obj: Coupon | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Coupon]]:
        if obj is not None:
            return super().get_form(request, obj, change, **kwargs)
        return type("OwnCouponForm", (CouponForm,), {"staff": request.user})

    def save_model(self, request: HttpRequest, obj: Coupon, form: Any, change: bool) -> None:
        made = form.create()
        obj.pk, obj.public_id = made.pk, made.public_id
