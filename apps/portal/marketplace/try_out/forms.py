"""The form of a call, made from the endpoint's operation."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from apps.keys.enums import KeyMode
from apps.portal.marketplace.try_out.call import Call, can_be_sent
from apps.products.models import Endpoint
from apps.products.openapi.constraints import written
from apps.products.openapi.operation import Operation, Parameter
from apps.subscriptions.models import Subscription

VALUE_MAX = 2_000
BODY_MAX = 100_000
_LOCATIONS = ("path", "query", "header")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_JSON = "application/json"
_MEDIA_TYPE = re.compile(r"[!#$&^.+\-\w*]+/[!#$&^.+\-\w*]+( *;[ -~]*)?", re.ASCII)


class TryOutForm(forms.Form):
    """A field for each parameter, named by its place in the operation, since names may be anything."""

    def __init__(
        self,
        data: Any = None,
        *,
        endpoint: Endpoint,
        operation: Operation,
        subscriptions: Sequence[Subscription],
        has_test_answers: bool,
    ) -> None:
        super().__init__(data, prefix="try")
        self._endpoint = endpoint
        self._subscriptions = {one.public_id: one for one in subscriptions}
        self._parameters: dict[str, Parameter] = {}
        if len(subscriptions) > 1:
            choices = [(one.public_id, str(one.organization)) for one in subscriptions]
            self.fields["subscription"] = forms.ChoiceField(label=_("For"), choices=choices)
        if has_test_answers:
            self.fields["mode"] = forms.ChoiceField(
                label=_("Mode"),
                choices=KeyMode.choices,
                help_text=_(
                    "A test call goes to the backend for tests, or gets the documented example, and takes no units."
                ),
            )
        for number, parameter in enumerate(operation.parameters):
            if parameter.location in _LOCATIONS and can_be_sent(parameter):
                name = f"p{number}"
                self._parameters[name] = parameter
                self.fields[name] = _field(parameter)
        self._add_body(operation)

    def _add_body(self, operation: Operation) -> None:
        contents = operation.body.contents if operation.body else ()
        # A form of several parts is not written by hand; and a document may call anything a media type.
        typed = [
            one for one in contents if _MEDIA_TYPE.fullmatch(one.media_type) and one.media_type[:10] != "multipart/"
        ]
        self.lacks_body = bool(contents) and not typed
        if typed:
            self.fields["content_type"] = forms.ChoiceField(
                label=_("Media type"), choices=[(content.media_type, content.media_type) for content in typed]
            )
        if typed or (self._endpoint.method in _WITH_BODY and not contents):
            self.fields["body"] = forms.CharField(
                label=_("Body"),
                required=False,
                strip=False,
                max_length=BODY_MAX,
                initial=typed[0].example if typed else "",
                widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "class": "input-code"}),
            )

    @property
    def settings_fields(self) -> list[BoundField]:
        return [self[name] for name in ("subscription", "mode") if name in self.fields]

    @property
    def parameter_fields(self) -> list[tuple[BoundField, Parameter]]:
        return [(self[name], parameter) for name, parameter in self._parameters.items()]

    @property
    def body_fields(self) -> list[BoundField]:
        return [self[name] for name in ("content_type", "body") if name in self.fields]

    def clean(self) -> None:
        for name, parameter in self._parameters.items():
            value = self.cleaned_data.get(name, "")
            if parameter.location == "path" and value in (".", ".."):
                self.add_error(name, _("A path has no dot segments."))
            if parameter.location == "header" and not value.isprintable():
                self.add_error(name, _("A header is one line of visible characters."))

    @property
    def subscription(self) -> Subscription:
        """The one that was chosen; to be asked once the form is valid."""
        chosen = self.cleaned_data.get("subscription")
        return self._subscriptions[chosen] if chosen else next(iter(self._subscriptions.values()))

    @property
    def mode(self) -> str:
        return str(self.cleaned_data.get("mode") or KeyMode.LIVE)

    def call(self) -> Call:
        """What is to be sent; a parameter that was left empty is not."""
        values: dict[str, list[tuple[str, str]]] = {location: [] for location in _LOCATIONS}
        for name, parameter in self._parameters.items():
            if value := self.cleaned_data[name]:
                values[parameter.location].append((parameter.name, value))
        # A browser sends line ends of a form as CR LF.
        body = self.cleaned_data.get("body", "").replace("\r\n", "\n")
        return Call(
            endpoint=self._endpoint,
            path=dict(values["path"]),
            query=tuple(values["query"]),
            headers=tuple(values["header"]),
            content_type=(self.cleaned_data.get("content_type") or _JSON) if body else "",
            body=body,
        )


def _field(parameter: Parameter) -> forms.Field:
    required = parameter.location == "path" or parameter.required
    common: dict[str, Any] = {
        "label": parameter.name,
        "required": required,
        "initial": _initial(parameter) if required else "",
        "help_text": _help(parameter),
    }
    choices = list(parameter.allowed) if "…" not in parameter.allowed else []
    if parameter.type == "boolean":
        choices = ["true", "false"]
    if choices and not parameter.type.startswith("array"):
        nothing = [] if required else [("", "–")]
        return forms.ChoiceField(choices=nothing + [(choice, choice) for choice in choices], **common)
    return forms.CharField(
        max_length=VALUE_MAX, strip=False, widget=forms.TextInput(attrs={"spellcheck": "false"}), **common
    )


def _initial(parameter: Parameter) -> str:
    value = parameter.example
    if isinstance(value, list):
        return ",".join(map(written, value))
    return "" if value in (None, "string") else written(value)[:VALUE_MAX]


def _help(parameter: Parameter) -> str:
    return " · ".join(filter(None, [str(_("in %s")) % parameter.location, parameter.type, *parameter.constraints]))
