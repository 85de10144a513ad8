from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Membership
from apps.plans.models import Plan
from apps.portal.overage import OverageForm


class SubscribeForm(OverageForm):
    """For which organization, to which version of the plan (the one shown), and whether extra units pass."""

    organization = forms.ChoiceField(label=_("Subscribe for"), widget=forms.RadioSelect)
    plan = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def __init__(self, *args: Any, memberships: Sequence[Membership], plan: Plan, **kwargs: Any) -> None:
        super().__init__(*args, plan=plan, **kwargs)
        choice = self.fields["organization"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(m.organization.slug, m.organization.name) for m in memberships]
        if len(memberships) == 1:
            choice.initial = memberships[0].organization.slug
        self._plan = plan

    def clean_plan(self) -> Plan:
        if self.cleaned_data["plan"] != self._plan.public_id:
            raise forms.ValidationError(
                _("The plan has changed since you opened this page; below is what it offers now.")
            )
        return self._plan
