"""What tax is reckoned from: the rates that staff keep, and who is billed."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Organization
from apps.core.timestamps import TimestampField

LEGAL_NAME_MAX = 200
ADDRESS_MAX = 500
POSTAL_CODE_MAX = 20
STATE_MAX = 40


class TaxRate(models.Model):
    """The tax of a country from a day (UTC) on, until the day of the next rate of the country.

    An issued invoice keeps the percentage that it was reckoned with.
    """

    country = models.CharField(_("country"), max_length=2)
    name = models.CharField(_("name"), max_length=40, help_text=_("As on invoices, such as VAT."))
    percent = models.DecimalField(_("percent"), max_digits=6, decimal_places=3)
    valid_from = models.DateField(_("valid from"), help_text=_("A rate of 0 ends the one before it."))

    class Meta:
        ordering = ["country", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["country", "valid_from"], name="tax_rate_one_per_day"),
            models.CheckConstraint(condition=models.Q(percent__range=(0, 100)), name="tax_rate_is_a_share"),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.name} {self.percent.normalize():f} %"


class BillingProfile(models.Model):
    """Who an organization is on its invoices. What an issued invoice says is a copy."""

    organization = models.OneToOneField(Organization, on_delete=models.CASCADE, related_name="billing_profile")
    legal_name = models.CharField(max_length=LEGAL_NAME_MAX, blank=True)
    address = models.TextField(max_length=ADDRESS_MAX, blank=True)
    country = models.CharField(max_length=2, blank=True)
    # Where the tax of a country depends on them (the United States, Canada); the address says them to people.
    postal_code = models.CharField(max_length=POSTAL_CODE_MAX, blank=True)
    state = models.CharField(max_length=STATE_MAX, blank=True)
    # As `tax_ids.clean_tax_id` writes it.
    tax_id = models.CharField(max_length=30, blank=True)
    # Where a copy of each invoice and credit note goes, besides the people of the organization.
    email = models.EmailField(blank=True)
    created_at = TimestampField(auto_now_add=True)
    updated_at = TimestampField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(tax_id="") | ~models.Q(country=""), name="billing_profile_tax_id_of_a_country"
            )
        ]

    def __str__(self) -> str:
        return self.legal_name or str(self.organization)
