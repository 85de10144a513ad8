"""The two questions about extra units, wherever a consumer is asked: whether they pass, and what they may cost."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core.money import AMOUNT_MAX, major_units, minor_unit_digits
from apps.plans.models import Plan
from apps.portal.wording import charges_extra_units
from apps.subscriptions.models import Subscription
from apps.subscriptions.overage import OverageChoice


class OverageForm(forms.Form):
    """Asks nothing where the plan charges no extra units; its quotas come with it."""

    overage_allowed = forms.BooleanField(
        label=_("Let extra units pass"),
        required=False,
        help_text=_("Without it, calls beyond the quota are refused with 429, and nothing is charged for them."),
    )

    def __init__(self, *args: Any, plan: Plan, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._digits = minor_unit_digits(plan.currency)
        if not charges_extra_units(plan):
            del self.fields["overage_allowed"]
            return
        self.fields["overage_allowed"].initial = plan.is_pay_as_you_go
        # In whole units of the currency, as people write them.
        self.fields["spend_cap_amount"] = forms.DecimalField(
            label=_("Spend cap for each %(interval)s, %(currency)s")
            % {"interval": plan.get_interval_display(), "currency": plan.currency},
            min_value=Decimal(1).scaleb(-self._digits),
            max_value=Decimal(AMOUNT_MAX).scaleb(-self._digits),
            decimal_places=self._digits,
            required=False,
            help_text=_("What extra units may cost; beyond it, calls are refused with 402. Empty: the plan's own cap."),
        )

    def choice(self) -> OverageChoice:
        """What a valid form says."""
        cap = self.cleaned_data.get("spend_cap_amount")
        return OverageChoice(
            allowed=self.cleaned_data.get("overage_allowed", False),
            spend_cap_amount=None if cap is None else int(cap.scaleb(self._digits)),
        )


def overage_form(subscription: Subscription, data: Any = None) -> OverageForm:
    """For a subscription: as it stands now, or with what was sent."""
    plan, cap = subscription.plan, subscription.spend_cap_amount
    return OverageForm(
        data,
        plan=plan,
        initial={
            "overage_allowed": subscription.overage_allowed,
            "spend_cap_amount": None if cap is None else major_units(cap, plan.currency),
        },
    )
