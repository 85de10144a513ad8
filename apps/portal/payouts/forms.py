from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core.countries import COUNTRY_CHOICES
from apps.core.money import CURRENCIES, minor_unit_digits, round_half_up
from apps.payouts.details import AccountDetails
from apps.payouts.enums import PayoutMethod, Schedule
from apps.payouts.models import PayoutAccount
from apps.payouts.models.accounts import ADDRESS_MAX, LEGAL_NAME_MAX, TAX_ID_MAX
from apps.payouts.selectors import Balance


class PayoutForm(forms.Form):
    """How much of which balance; empty is all of it."""

    currency = forms.ChoiceField(label=_("Currency"))
    amount = forms.DecimalField(
        label=_("Amount"),
        required=False,
        max_digits=14,
        help_text=_("Empty: everything that is available."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, balances: list[Balance], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["currency"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(balance.currency, balance.currency) for balance in balances]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        amount: Decimal | None = cleaned.get("amount")
        if amount is not None and "currency" in cleaned:
            minor = amount.scaleb(minor_unit_digits(cleaned["currency"]))
            if minor != round_half_up(minor):
                self.add_error("amount", _("This currency has no smaller coins than that."))
            cleaned["amount"] = round_half_up(minor)
        return cleaned


class AccountForm(forms.Form):
    """Where money goes. What is wrong with it beyond its form, the service says."""

    method = forms.ChoiceField(label=_("Paid by"), choices=PayoutMethod.choices, widget=forms.RadioSelect)
    legal_name = forms.CharField(
        label=_("Legal name"), max_length=LEGAL_NAME_MAX, help_text=_("Of the person or company that owns the account.")
    )
    tax_id = forms.CharField(label=_("Tax id"), max_length=TAX_ID_MAX, required=False)
    address = forms.CharField(label=_("Address"), max_length=ADDRESS_MAX, widget=forms.Textarea(attrs={"rows": 3}))
    country = forms.ChoiceField(label=_("Country"), choices=[("", "–"), *COUNTRY_CHOICES])
    bank_account = forms.CharField(
        label=_("IBAN or account number"), max_length=60, required=False, help_text=_("For a bank transfer.")
    )
    bank_code = forms.CharField(
        label=_("BIC or routing number"), max_length=40, required=False, help_text=_("For a bank transfer.")
    )
    paypal_email = forms.CharField(
        label=_("PayPal address"), max_length=254, required=False, help_text=_("For PayPal.")
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in sorted(CURRENCIES)])
    schedule = forms.ChoiceField(label=_("When"), choices=Schedule.choices)
    minimum = forms.DecimalField(
        label=_("Not before there is"),
        required=False,
        max_digits=14,
        min_value=Decimal(0),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=_("The smallest payout, in the currency above."),
    )

    def details(self) -> AccountDetails:
        values = dict(self.cleaned_data)
        minimum: Decimal | None = values.pop("minimum")
        if minimum:
            values["minimum_amount"] = round_half_up(minimum.scaleb(minor_unit_digits(values["currency"])))
        return AccountDetails(**values)


def initial_of(account: PayoutAccount | None) -> dict[str, Any]:
    if account is None:
        return {"method": PayoutMethod.PROVIDER, "schedule": Schedule.MONTHLY, "currency": "USD"}
    names = set(AccountForm.base_fields) - {"minimum"}
    minimum = account.minimum_amount
    shown = None if minimum is None else Decimal(minimum).scaleb(-minor_unit_digits(account.currency))
    return {name: getattr(account, name) for name in names} | {"minimum": shown}
