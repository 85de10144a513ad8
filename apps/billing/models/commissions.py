"""Which share of a sale the platform keeps, and from when to when."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Organization, User
from apps.billing.enums import CommissionScope
from apps.core.ids import PublicIdField
from apps.core.timestamps import TimestampField
from apps.products.models import Category, Product


class _Validity(Func):
    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


_VALID = (_Validity("valid_from", "valid_until", RangeBoundary()), RangeOperators.OVERLAPS)


def _once_at_a_time(scope: CommissionScope, *targets: str) -> ExclusionConstraint:
    """No two rules of a scope and target hold at the same time; a range of one id lets GiST compare it by itself."""
    same = [(Func(F(name), F(name), Value("[]"), function="INT8RANGE"), RangeOperators.EQUAL) for name in targets]
    return ExclusionConstraint(
        name=f"commission_once_by_{scope.value}", expressions=[*same, _VALID], condition=Q(scope=scope)
    )


class CommissionRule(models.Model):
    """The platform's share of what is paid in `[valid_from, valid_until)`; the rule of the narrowest scope counts.

    A rule is never changed: it ends, and another one begins.
    """

    public_id = PublicIdField("com")
    scope = models.CharField(_("scope"), max_length=20, choices=CommissionScope)
    product = models.ForeignKey(Product, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("creator")
    )
    category = models.ForeignKey(Category, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    percent = models.DecimalField(_("percent"), max_digits=5, decimal_places=2)
    valid_from = models.DateTimeField(_("valid from"))
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    note = models.CharField(_("reason"), max_length=200)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = TimestampField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(percent__gte=0, percent__lte=100), name="commission_is_a_share"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="commission_ends_later",
            ),
            models.CheckConstraint(
                condition=Q(scope="product", product__isnull=False, organization=None, category=None)
                | Q(scope="creator", product=None, organization__isnull=False, category=None)
                | Q(scope="category", product=None, organization=None, category__isnull=False)
                | Q(scope="platform", product=None, organization=None, category=None),
                name="commission_target_by_scope",
            ),
            _once_at_a_time(CommissionScope.PRODUCT, "product_id"),
            _once_at_a_time(CommissionScope.CREATOR, "organization_id"),
            _once_at_a_time(CommissionScope.CATEGORY, "category_id"),
            _once_at_a_time(CommissionScope.PLATFORM),
        ]

    def __str__(self) -> str:
        return f"{self.percent} % · {self.target or self.get_scope_display()}"

    @property
    def target(self) -> Product | Organization | Category | None:
        return self.product or self.organization or self.category
