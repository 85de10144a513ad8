"""The form of a coupon."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.billing.coupons import CYCLES_MAX, REDEMPTIONS_MAX, CouponSpec
from apps.billing.enums import CouponDuration
from apps.core.money import AMOUNT_MAX, minor_unit_digits
from apps.plans.models import Plan

PERCENT = "percent"


class CouponForm(forms.Form):
    """Off the price: a percentage, or an amount in one of the currencies of the product's plans."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        help_text=_("3 to 40 letters, digits, dashes or underscores."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    value = forms.DecimalField(label=_("Off the price"), min_value=0, max_digits=12, decimal_places=3)
    unit = forms.ChoiceField(label=_("In"))
    duration = forms.ChoiceField(label=_("It holds"), choices=CouponDuration.choices, widget=forms.RadioSelect)
    cycles = forms.IntegerField(label=_("How many periods"), min_value=1, max_value=CYCLES_MAX, required=False)
    plan_slugs = forms.MultipleChoiceField(
        label=_("For these plans"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: for every plan with a price."),
    )
    max_redemptions = forms.IntegerField(
        label=_("Redeemed at most"), min_value=1, max_value=REDEMPTIONS_MAX, required=False
    )
    redeem_by = forms.DateField(
        label=_("Last day to enter it"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, plans: list[Plan], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currencies = sorted({plan.currency for plan in plans}) or ["USD"]
        self._choices("unit", [(PERCENT, _("percent")), *((code, code) for code in currencies)])
        self._choices("plan_slugs", [(plan.slug, plan.name) for plan in plans if not plan.is_free])
        self.fields["duration"].initial = CouponDuration.ONCE

    def _choices(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        value, unit = values.get("value"), values.get("unit")
        if value is not None and unit is not None:
            digits = 2 if unit == PERCENT else minor_unit_digits(unit)
            most = Decimal(100) if unit == PERCENT else Decimal(AMOUNT_MAX).scaleb(-digits)
            if not 0 < value <= most or value != round(value, digits):
                self.add_error("value", _("Give a number above 0 that this unit has."))
        if values.get("duration") != CouponDuration.REPEATING:
            values["cycles"] = None
        elif values.get("cycles") is None and "cycles" not in self.errors:
            self.add_error("cycles", _("Say for how many billing periods it holds."))
        return values

    def spec(self) -> CouponSpec:
        values = self.cleaned_data
        unit, day = values["unit"], values["redeem_by"]
        is_percent = unit == PERCENT
        return CouponSpec(
            code=values["code"],
            percent=values["value"] if is_percent else None,
            amount=None if is_percent else int(values["value"].scaleb(minor_unit_digits(unit))),
            currency="" if is_percent else unit,
            duration=values["duration"],
            cycles=values["cycles"],
            max_redemptions=values["max_redemptions"],
            # The whole day, UTC.
            redeem_by=dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC) if day else None,
            plan_slugs=tuple(values["plan_slugs"]),
        )
