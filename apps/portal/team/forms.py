"""Forms of an organization and its people."""

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.access import Actor
from apps.accounts.enums import Role, TokenScope
from apps.accounts.selectors import suggest_slug
from apps.core import clock
from apps.portal.slug_form import SlugForm
from apps.portal.team.roles import may_give


class InvitationForm(forms.Form):
    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    role = forms.ChoiceField(label=_("Role"), initial=Role.DEVELOPER)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["role"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(role.value, role.label) for role in Role if may_give(actor, role)]


class RoleForm(forms.Form):
    # Which roles the member may give is the service's decision: it says why not.
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class AccessTokenForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("What it is for, such as “deployment”."))
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=TokenScope.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What it may do, within what you may do yourself."),
    )
    expires_in = forms.ChoiceField(
        label=_("Expires"),
        choices=[("30", _("In 30 days")), ("90", _("In 90 days")), ("365", _("In a year")), ("", _("Never"))],
        required=False,
    )

    def expires_at(self) -> dt.datetime | None:
        days = self.cleaned_data["expires_in"]
        return clock.now() + dt.timedelta(days=int(days)) if days else None


class RenameForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100)


class OrganizationForm(SlugForm):
    suggest = staticmethod(suggest_slug)

    name = forms.CharField(label=_("Name"), max_length=100)
    slug = forms.CharField(
        label=_("Address"),
        max_length=50,
        required=False,
        help_text=_(
            "Part of the address of its pages; it cannot be changed later. Left empty, it is made of the name."
        ),
    )
