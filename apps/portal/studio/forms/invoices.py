from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.billing.enums import CreditReason
from apps.billing.services.crediting import NOTE_MAX
from apps.core.money import major_units
from apps.portal.billing.forms import minor_amount


class RefundForm(forms.Form):
    """What of an invoice a creator gives back, and why; without an amount, all that is left."""

    reason = forms.ChoiceField(
        label=_("Reason"), choices=[(reason.value, reason.label) for reason in CreditReason.by_people()]
    )
    note = forms.CharField(
        label=_("Note"), max_length=NOTE_MAX, required=False, help_text=_("The consumer reads it on the credit note.")
    )
    amount = forms.DecimalField(label=_("Amount"), required=False)

    def __init__(self, *args: Any, currency: str, left: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.fields["amount"].initial = major_units(left, currency)

    def clean_amount(self) -> int | None:
        """In minor units."""
        given = self.cleaned_data["amount"]
        return None if given is None else minor_amount(given, self.currency)
