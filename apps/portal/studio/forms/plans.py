"""The form of a plan and its rows: quotas and rate limits."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.forms.formsets import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from apps.core.money import AMOUNT_MAX
from apps.plans.enums import (
    BillingInterval,
    OverageRule,
    PlanVisibility,
    QuotaAnchor,
    QuotaOnChange,
    QuotaPeriodUnit,
    RateWindow,
)
from apps.plans.pricing import TierPrice
from apps.plans.specs import (
    CALLS_MAX,
    CONCURRENT_MAX,
    PRICE_TIERS_MAX,
    RATE_LIMITS_MAX,
    TRIAL_DAYS_MAX,
    UNIT_AMOUNT_DIGITS,
    UNITS_MAX,
    QuotaSpec,
    RateLimitSpec,
)
from apps.products.models import Endpoint, Product

QUOTAS_MAX = len(QuotaPeriodUnit)  # one for each period


class PlanForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=40)
    description = forms.CharField(
        label=_("Description"), max_length=300, required=False, help_text=_("Who the plan is for, in a sentence.")
    )
    tier = forms.ChoiceField(
        label=_("Tier"), help_text=_("Subscribers may call the endpoints of this tier and of those below it.")
    )

    interval = forms.ChoiceField(
        label=_("For each"), choices=BillingInterval.choices, initial=BillingInterval.MONTH, help_text=_("In advance.")
    )
    overage = forms.ChoiceField(
        label=_("Beyond the quota"),
        choices=OverageRule.choices,
        initial=OverageRule.BLOCK,
        widget=forms.RadioSelect,
    )
    overage_max = forms.IntegerField(label=_("Extra units at most"), min_value=1, max_value=UNITS_MAX, required=False)
    trial_days = forms.IntegerField(
        label=_("Days of trial"),
        min_value=0,
        max_value=TRIAL_DAYS_MAX,
        required=False,
        initial=0,
        help_text=_("Free at first, once for each organization. 0 is no trial."),
    )
    trial_requires_card = forms.BooleanField(
        label=_("The trial needs a card"),
        required=False,
        help_text=_("It is charged when the trial ends. Without a card, the subscription ends with the trial."),
    )
    max_concurrent = forms.IntegerField(
        label=_("Calls at once"),
        min_value=1,
        max_value=CONCURRENT_MAX,
        required=False,
        help_text=_("How many calls of a subscription may be in flight at a time. Empty is any number."),
    )
    requires_approval = forms.BooleanField(
        label=_("You approve each subscription"),
        required=False,
        help_text=_(
            "Who subscribes waits until you say yes, and pays only then. Organizations that you name need not."
        ),
    )
    visibility = forms.ChoiceField(
        label=_("Who can have it"),
        choices=PlanVisibility.choices,
        initial=PlanVisibility.PUBLIC,
        widget=forms.RadioSelect,
    )
    quota_on_change = forms.ChoiceField(
        label=_("When somebody changes to this plan, its quotas"),
        choices=QuotaOnChange.choices,
        initial=QuotaOnChange.RESET,
        widget=forms.RadioSelect,
        help_text=_(
            "Carried over, what they used in the running period counts here, too. They begin anew all the same where "
            "a new period begins (from a free plan, or to another interval), and where their plan charged extra units."
        ),
    )

    def __init__(self, *args: Any, product: Product, price_digits: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        price_max = Decimal(AMOUNT_MAX).scaleb(-price_digits)
        self.fields["price"] = forms.DecimalField(
            label=_("Price"),
            min_value=0,
            max_value=price_max,
            decimal_places=price_digits,
            initial=0,
            help_text=_("0 is a free plan."),
        )
        self.fields["overage_price"] = forms.DecimalField(
            label=_("Price of an extra unit"),
            min_value=0,
            max_value=price_max,
            decimal_places=price_digits + UNIT_AMOUNT_DIGITS,
            required=False,
        )
        choice = self.fields["tier"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(tier.slug, tier.name) for tier in product.tiers.all()]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        needed: dict[str, tuple[str, ...]] = {
            OverageRule.PER_UNIT: ("overage_price", "overage_max"), OverageRule.GRADUATED: ("overage_max",),
        }  # fmt: skip
        for name in needed.get(values.get("overage", ""), ()):
            if values.get(name) is None and name not in self.errors:
                self.add_error(name, _("Give a number, or let further calls be refused."))
        return values


class QuotaForm(forms.Form):
    """A row counts once its number is filled in; the choices beside it always hold something."""

    included_units = forms.IntegerField(label=_("Units"), min_value=0, max_value=UNITS_MAX)
    period = forms.ChoiceField(label=_("In each"), choices=QuotaPeriodUnit.choices, initial=QuotaPeriodUnit.MONTH)
    anchor = forms.ChoiceField(
        label=_("Which begins with the"), choices=QuotaAnchor.choices, initial=QuotaAnchor.SUBSCRIPTION
    )

    def has_changed(self) -> bool:
        return "included_units" in self.changed_data

    def spec(self) -> QuotaSpec:
        values = self.cleaned_data
        return QuotaSpec(values["included_units"], values["period"], values["anchor"])


class PriceTierForm(forms.Form):
    """A row counts once one of its numbers is filled in."""

    up_to_units = forms.IntegerField(
        label=_("Up to extra unit"),
        min_value=1,
        max_value=UNITS_MAX,
        required=False,
        widget=forms.NumberInput(attrs={"placeholder": _("and beyond")}),
    )

    def __init__(self, *args: Any, price_digits: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.price_digits = price_digits
        price_max = Decimal(AMOUNT_MAX).scaleb(-price_digits)
        self.fields["unit_price"] = forms.DecimalField(
            label=_("Price of each"),
            min_value=0,
            max_value=price_max,
            decimal_places=price_digits + UNIT_AMOUNT_DIGITS,
        )
        self.fields["flat_price"] = forms.DecimalField(
            label=_("And once"), min_value=0, max_value=price_max, decimal_places=price_digits, required=False
        )

    def price(self) -> TierPrice:
        values = self.cleaned_data
        return TierPrice(
            values["up_to_units"],
            values["unit_price"].scaleb(self.price_digits),
            int((values["flat_price"] or Decimal(0)).scaleb(self.price_digits)),
        )


class RateLimitForm(forms.Form):
    """As for a quota; a row with an endpoint and no number is a mistake."""

    max_calls = forms.IntegerField(label=_("Calls"), min_value=0, max_value=CALLS_MAX)
    window = forms.ChoiceField(label=_("In each"), choices=RateWindow.choices, initial=RateWindow.MINUTE)
    endpoint = forms.CharField(
        label=_("On"),
        max_length=520,
        required=False,
        widget=forms.TextInput(
            attrs={"list": "plan-endpoints", "placeholder": _("every endpoint"), "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, endpoints: Mapping[str, Endpoint], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.endpoints = endpoints

    def has_changed(self) -> bool:
        return not {"max_calls", "endpoint"}.isdisjoint(self.changed_data)

    def clean_endpoint(self) -> Endpoint | None:
        text = " ".join(self.cleaned_data["endpoint"].split())
        if text and text not in self.endpoints:
            raise forms.ValidationError(_("There is no such endpoint. Write it as GET /path, or leave it empty."))
        return self.endpoints.get(text)

    def spec(self) -> RateLimitSpec:
        values = self.cleaned_data
        return RateLimitSpec(values["max_calls"], values["window"], values["endpoint"])


class Rows(BaseFormSet[Any]):
    """Rows of which no two filled ones are for the same; to empty a row is to remove it."""

    same: tuple[str, ...]
    duplicate: Any

    def initial_form_count(self) -> int:
        return 0 if self.is_bound else super().initial_form_count()

    @property
    def filled(self) -> list[Any]:
        return [form for form in self.forms if form.has_changed()]

    def clean(self) -> None:
        seen = set()
        for form in self.filled:
            key = tuple(form.cleaned_data.get(name, form) for name in self.same)
            if key in seen:
                form.add_error(self.same[0], self.duplicate)
            seen.add(key)


class _QuotaRows(Rows):
    same = ("period",)
    duplicate = _("A plan has one quota for each period.")


class _RateLimitRows(Rows):
    same = ("window", "endpoint")
    duplicate = _("A plan has one rate limit for each window and endpoint.")


class _PriceTierRows(Rows):
    """In ascending order; the last of them has no end, and no other."""

    def clean(self) -> None:
        if self.total_error_count():
            return
        floor = 0
        for form in self.filled[:-1]:
            end = form.cleaned_data["up_to_units"]
            if end is None or end <= floor:
                form.add_error("up_to_units", _("Give a number above that of the tier before. Only the last is empty."))
                return
            floor = end
        if self.filled and self.filled[-1].cleaned_data["up_to_units"] is not None:
            self.filled[-1].add_error("up_to_units", _("Leave this empty: the last tier has no end."))


QuotaFormSet = cast(
    type[_QuotaRows],
    formset_factory(
        QuotaForm, formset=_QuotaRows, extra=0, max_num=QUOTAS_MAX, absolute_max=QUOTAS_MAX + 1, validate_max=True
    ),
)
RateLimitFormSet = cast(
    type[_RateLimitRows],
    formset_factory(
        RateLimitForm,
        formset=_RateLimitRows,
        extra=0,
        max_num=RATE_LIMITS_MAX,
        absolute_max=RATE_LIMITS_MAX + 1,
        validate_max=True,
    ),
)
PriceTierFormSet = cast(
    type[_PriceTierRows],
    formset_factory(
        PriceTierForm,
        formset=_PriceTierRows,
        extra=0,
        max_num=PRICE_TIERS_MAX,
        absolute_max=PRICE_TIERS_MAX + 1,
        validate_max=True,
    ),
)
