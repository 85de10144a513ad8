"""Forms of an organization and its people."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.access import Actor
from apps.accounts.enums import Role
from apps.accounts.selectors import suggest_slug
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
