"""A form field for networks: addresses or CIDR texts, one per line."""

from typing import Any

from django import forms


class NetworksField(forms.CharField):
    """Its value is the list of lines that are not blank; what they mean is checked by the service."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"rows": 3, "spellcheck": "false", "class": "input-code", "placeholder": "203.0.113.0/24"}
        super().__init__(required=False, widget=forms.Textarea(attrs=attributes), **kwargs)

    def clean(self, value: Any) -> Any:
        return [line for line in super().clean(value).splitlines() if line.strip()]
