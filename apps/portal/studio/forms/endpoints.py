"""The form of an endpoint: its route, and its documentation as an OpenAPI Operation Object."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core.errors import Invalid
from apps.portal.network_field import NetworksField
from apps.portal.studio.json_input import parse_object
from apps.products.enums import Method
from apps.products.models import Endpoint, Product, Tier
from apps.products.paths import check_upstream_path, parse_route
from apps.products.services.endpoints import MAX_UNITS_MAX

T = TypeVar("T")

SUMMARY_MAX = 300
DESCRIPTION_MAX = 20_000


class EndpointForm(forms.Form):
    method = forms.ChoiceField(label=_("Method"), choices=[(method, method) for method in Method.values])
    path = forms.CharField(
        label=_("Path"),
        max_length=500,
        help_text=_("As consumers call it. Parameters stand in braces: /users/{id}."),
        widget=forms.TextInput(attrs={"placeholder": "/forecast/{city}", "spellcheck": "false", "class": "input-code"}),
    )
    upstream_path = forms.CharField(
        label=_("Path at the backend"),
        max_length=500,
        required=False,
        help_text=_("Below the backend address, with the same parameters. Left empty, it is the path above."),
        widget=forms.TextInput(attrs={"spellcheck": "false", "class": "input-code"}),
    )
    tier = forms.ChoiceField(label=_("Tier"), help_text=_("Plans that sell this tier or a higher one open it."))
    weight = forms.IntegerField(
        label=_("Units per call"),
        min_value=0,
        max_value=1_000_000,
        initial=1,
        help_text=_("What a call takes from the quotas. 0 makes it free of them."),
    )
    max_units = forms.IntegerField(
        label=_("Units at most"),
        min_value=0,
        max_value=MAX_UNITS_MAX,
        required=False,
        help_text=_(
            "Where the backend reports the units of each call (settings): so many are held until it answers. "
            "Empty: a call takes the units per call."
        ),
    )
    allowed_networks = NetworksField(
        label=_("Allowed networks"),
        help_text=_("Where calls may come from, one per line. They must also pass the lists of the product."),
    )
    denied_networks = NetworksField(
        label=_("Denied networks"), help_text=_("Calls from here are refused with 403, even if allowed above.")
    )
    summary = forms.CharField(
        label=_("Summary"), max_length=SUMMARY_MAX, required=False, help_text=_("A few words: what the call does.")
    )
    description = forms.CharField(
        label=_("Description"),
        max_length=DESCRIPTION_MAX,
        required=False,
        help_text=_("Markdown, for the documentation."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    operation = forms.CharField(
        label=_("OpenAPI operation"),
        required=False,
        help_text=_(
            "A JSON object with parameters, requestBody, responses. "
            "A summary or description in it replaces the one above."
        ),
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "input-code input-tall"}),
    )

    def __init__(self, *args: Any, product: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tiers: dict[str, Tier] = {tier.slug: tier for tier in product.tiers.all()}
        choice = self.fields["tier"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(tier.slug, tier.name) for tier in self.tiers.values()]

    @classmethod
    def initial_of(cls, endpoint: Endpoint) -> dict[str, Any]:
        operation = dict(endpoint.operation)
        return {
            "method": endpoint.method,
            "path": endpoint.path,
            "upstream_path": "" if endpoint.upstream_path == endpoint.path else endpoint.upstream_path,
            "tier": endpoint.tier.slug,
            "weight": endpoint.weight,
            "max_units": endpoint.max_units,
            "allowed_networks": "\n".join(endpoint.allowed_networks),
            "denied_networks": "\n".join(endpoint.denied_networks),
            # Only text goes to the fields of their own; anything else stays in the JSON, where it can be mended.
            "summary": _take_text(operation, "summary"),
            "description": _take_text(operation, "description"),
            "operation": json.dumps(operation, indent=2, ensure_ascii=False) if operation else "",
        }

    def clean_path(self) -> str:
        return _checked(lambda: parse_route(self.cleaned_data["path"]).text)

    def clean(self) -> dict[str, Any]:
        """The path at the backend is checked here too, so that every mistake is shown at once."""
        values = self.cleaned_data
        if values.get("path") and values.get("upstream_path"):
            try:
                check_upstream_path(values["upstream_path"], parse_route(values["path"]))
            except Invalid as error:
                self.add_error("upstream_path", error.message)
        if values.get("max_units") is not None and values["max_units"] < (values.get("weight") or 0):
            self.add_error("max_units", _("It is not below the units per call."))
        return values

    def clean_operation(self) -> dict[str, Any]:
        return _checked(lambda: parse_object(self.cleaned_data["operation"], field="operation"))

    def values(self) -> dict[str, Any]:
        """The arguments of `add_endpoint` and `update_endpoint`."""
        values = dict(self.cleaned_data)
        said = {name: values.pop(name) for name in ("summary", "description")}
        values["operation"] = {name: text for name, text in said.items() if text} | values["operation"]
        values["tier"] = self.tiers[values["tier"]]
        return values


def _take_text(operation: dict[str, Any], name: str) -> str:
    return str(operation.pop(name)) if isinstance(operation.get(name), str) else ""


def _checked(read: Callable[[], T]) -> T:
    try:
        return read()
    except Invalid as error:
        raise forms.ValidationError(error.message) from None
