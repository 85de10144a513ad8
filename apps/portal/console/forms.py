import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.keys.enums import KeyScope

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
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=KeyScope.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What the key may do. Without a choice, everything."),
    )
    allowed_networks = forms.CharField(
        label=_("Allowed networks"),
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 3, "spellcheck": "false", "class": "input-code", "placeholder": "203.0.113.0/24"}
        ),
        help_text=_("Where calls may come from: addresses or networks, one per line. Left empty, anywhere."),
    )

    def clean_allowed_networks(self) -> list[str]:
        """The lines that are not blank."""
        return [line for line in self.cleaned_data["allowed_networks"].splitlines() if line.strip()]

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
