from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.billing.models import BillingProfile
from apps.billing.models.tax import ADDRESS_MAX, LEGAL_NAME_MAX, POSTAL_CODE_MAX, STATE_MAX
from apps.core.countries import COUNTRY_CHOICES
from apps.core.money import AMOUNT_MAX, major_units, minor_unit_digits
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


class ProfileForm(forms.Form):
    """Who is billed; whether a tax id has the form of its country's is the service's to say."""

    legal_name = forms.CharField(
        label=_("Legal name"), max_length=LEGAL_NAME_MAX, required=False,
        help_text=_("Empty: the name of the organization."),
    )  # fmt: skip
    address = forms.CharField(
        label=_("Address"), max_length=ADDRESS_MAX, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    country = forms.ChoiceField(
        label=_("Country"), choices=[("", _("Not given")), *COUNTRY_CHOICES], required=False,
        help_text=_("Its rate of tax holds."),
    )  # fmt: skip
    postal_code = forms.CharField(
        label=_("Postal code"), max_length=POSTAL_CODE_MAX, required=False,
        help_text=_("Again, apart from the address: in some countries tax depends on it."),
    )  # fmt: skip
    state = forms.CharField(
        label=_("State or province"), max_length=STATE_MAX, required=False, help_text=_("Such as CA.")
    )
    tax_id = forms.CharField(
        label=_("Tax id"), max_length=40, required=False,
        help_text=_("Such as a VAT number. It stands on invoices; in some countries you then owe the tax yourself."),
    )  # fmt: skip
    email = forms.EmailField(
        label=_("E-mail for invoices"), max_length=254, required=False,
        help_text=_("Gets each paid invoice and credit note as PDF, besides the people of the organization."),
    )  # fmt: skip

    @staticmethod
    def initial_of(profile: BillingProfile) -> dict[str, str]:
        return {name: getattr(profile, name) for name in ProfileForm.base_fields}


class CaseForm(forms.Form):
    """Which calls are disputed, and how much is asked for them."""

    text = forms.CharField(
        label=_("What is wrong"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("The creator reads it, and answers."),
    )  # fmt: skip
    first_day = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    asked = forms.DecimalField(label=_("Amount that you ask for"))

    def __init__(self, *args: Any, currency: str, left: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.fields["asked"].initial = major_units(left, currency)

    def clean_asked(self) -> int:
        """In minor units."""
        return minor_amount(self.cleaned_data["asked"], self.currency)

    def values(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        return data | {"asked_amount": data.pop("asked")}

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error("asked" if field == "asked_amount" else field, error)


class AnswerForm(forms.Form):
    """What a creator answers to a case: an amount that is credited, or none, and why."""

    answer = forms.CharField(
        label=_("Answer"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    amount = forms.DecimalField(label=_("Amount to credit"), required=False)

    def __init__(self, *args: Any, currency: str, asked: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.fields["amount"].initial = major_units(asked, currency)

    def clean_amount(self) -> int | None:
        """In minor units."""
        given = self.cleaned_data["amount"]
        return None if given is None else minor_amount(given, self.currency)


def minor_amount(amount: Decimal, currency: str) -> int:
    """What a person typed in major units. Raises `ValidationError` for a fraction of the smallest unit."""
    minor = amount.scaleb(minor_unit_digits(currency))
    if minor != minor.to_integral_value() or not 0 < minor <= AMOUNT_MAX:
        raise forms.ValidationError(_("Give an amount above zero, with the decimals of the currency."))
    return int(minor)
