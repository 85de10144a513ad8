import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core import clock

KEY_LIFETIMES = [
    ("", _("Never")),
    ("30", _("In 30 days")),
    ("90", _("In 90 days")),
    ("365", _("In a year")),
]


class KeyForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=60, help_text=_("Where the key is used, such as “production” or “Ada's laptop”.")
    )
    expires_in = forms.ChoiceField(label=_("Expires"), choices=KEY_LIFETIMES, required=False)

    def expires_at(self) -> dt.datetime | None:
        days = self.cleaned_data["expires_in"]
        return clock.now() + dt.timedelta(days=int(days)) if days else None


class CancelForm(forms.Form):
    """Asks for the product's name, because a canceled subscription does not come back."""

    confirm = forms.CharField(max_length=80)

    def __init__(self, *args: Any, product_name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._product_name = product_name

    def clean_confirm(self) -> str:
        typed: str = self.cleaned_data["confirm"]
        if typed != self._product_name:
            raise forms.ValidationError(_("To cancel, type the name of the product: %s.") % self._product_name)
        return typed
