import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.keys.enums import KeyMode, KeyScope
from apps.portal.network_field import NetworksField

_DAY = dt.timedelta(days=1)
KEY_LIFETIMES = [
    ("", _("Never")),
    ("30", _("In 30 days")),
    ("90", _("In 90 days")),
    ("365", _("In a year")),
    ("date", _("On a date")),
]
# How long the old key goes on: hours → words.
OVERLAPS = [
    ("0", _("Not at all: it ends now")),
    ("1", _("1 hour")),
    ("24", _("1 day")),
    ("72", _("3 days")),
    ("168", _("7 days")),
]


class KeyForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=60, help_text=_("Where the key is used, such as “production” or “Ada's laptop”.")
    )
    mode = forms.ChoiceField(
        label=_("Mode"),
        choices=KeyMode.choices,
        initial=KeyMode.LIVE,
        required=False,
        help_text=_(
            "A test key calls the product's backend for tests or, where it has none, gets the examples of its "
            "documentation. It takes no units."
        ),
    )
    expires_in = forms.ChoiceField(label=_("Expires"), choices=KEY_LIFETIMES, required=False)
    expires_on = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("With “On a date”: the key works until the end of this day, UTC."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=KeyScope.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What the key may do. Without a choice, everything."),
    )
    allowed_networks = NetworksField(
        label=_("Allowed networks"),
        help_text=_("Where calls may come from: addresses or networks, one per line. Left empty, anywhere."),
    )

    def clean(self) -> None:
        if self.cleaned_data.get("expires_in") == "date":
            day = self.cleaned_data.get("expires_on")
            if day is None and "expires_on" not in self.errors:
                self.add_error("expires_on", _("Give the last day on which the key works."))
            elif day is not None and day >= dt.date.max:
                self.add_error("expires_on", _("Give a date that is nearer."))

    def values(self) -> dict[str, Any]:
        """What `create_key` takes."""
        chosen = self.cleaned_data["expires_in"]
        day = self.cleaned_data["expires_on"]
        return {
            "name": self.cleaned_data["name"],
            "mode": self.cleaned_data.get("mode") or KeyMode.LIVE,
            "lifetime": dt.timedelta(days=int(chosen)) if chosen not in ("", "date") else None,
            "expires_at": dt.datetime.combine(day + _DAY, dt.time(), dt.UTC) if chosen == "date" else None,
            "scopes": self.cleaned_data["scopes"],
            "allowed_networks": self.cleaned_data["allowed_networks"],
        }


class KeyChangeForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=60, help_text=_("Where the key is used. The key itself stays as it is.")
    )
    allowed_networks = NetworksField(
        label=_("Allowed networks"),
        help_text=_(
            "Where calls may come from: addresses or networks, one per line. Left empty, anywhere. A change is live "
            "within 5 seconds."
        ),
    )


class RotateForm(forms.Form):
    overlap = forms.ChoiceField(
        label=_("The old key goes on for"),
        choices=OVERLAPS,
        initial="24",
        help_text=_("Long enough to put the new key into your programs."),
    )

    def overlap_time(self) -> dt.timedelta:
        return dt.timedelta(hours=int(self.cleaned_data["overlap"]))


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
