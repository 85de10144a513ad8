"""What a hosting plan allows a creator, beside its quota of calls."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.core.timestamps import TimestampField
from apps.plans.models import Plan


class HostingTerms(models.Model):
    """How many products may be published under a version of a plan, and under the later ones that have no terms."""

    plan = models.OneToOneField(Plan, on_delete=models.PROTECT, related_name="hosting_terms", verbose_name=_("plan"))
    # Empty: any number.
    products_max = models.PositiveIntegerField(_("products at most"), null=True, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = TimestampField(auto_now_add=True)
    updated_at = TimestampField(auto_now=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "hosting terms"

    def __str__(self) -> str:
        return f"{self.plan} (version {self.plan.version})"
