from django import forms
from django.utils.translation import gettext_lazy as _

from apps.payments.enums import SandboxConduct


class AccountForm(forms.Form):
    """What the holder of a sandbox account would tell the provider is of no use: chosen is what comes of it."""

    conduct = forms.ChoiceField(label=_("How the account behaves"), choices=SandboxConduct.choices)
