from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.payments.models import PaymentMethod


class UnshownInput(forms.TextInput):
    """What is typed once and never sent back: the page that shows an error has it empty."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, None, attrs)


class CardForm(forms.Form):
    """A card; what is wrong with it is the provider's to say."""

    number = forms.CharField(
        label=_("Card number"),
        max_length=30,
        widget=UnshownInput(attrs={"inputmode": "numeric", "autocomplete": "cc-number", "spellcheck": "false"}),
    )
    exp_month = forms.IntegerField(
        label=_("Month"), widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "cc-exp-month"})
    )
    exp_year = forms.IntegerField(
        label=_("Year"),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "cc-exp-year"}),
    )
    cvc = forms.CharField(
        label=_("Security code"),
        max_length=4,
        widget=UnshownInput(attrs={"inputmode": "numeric", "autocomplete": "cc-csc", "spellcheck": "false"}),
    )
    name = forms.CharField(
        label=_("Name on the card"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "cc-name"}),
    )


class SavedCardForm(forms.Form):
    """One of the cards that the organization has."""

    method = forms.ChoiceField(label=_("Pay with"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, methods: Sequence[PaymentMethod], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["method"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [
            (method.public_id, _("%(card)s, expires %(expires)s") % {"card": method, "expires": method.expires})
            for method in methods
        ]
        if methods:
            choice.initial = methods[0].public_id
