"""Forms of things that have a name and an address, where the address is made of the name unless it is given."""

from collections.abc import Callable
from typing import Any

from django import forms


class SlugForm(forms.Form):
    """Has the fields `name` and `slug`. Whoever leaves `slug` empty gets the one that stands in it as placeholder."""

    suggest: Callable[[str], str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.data.get("name", "") if self.is_bound else self.initial.get("name", "")
        if name.strip():
            self.fields["slug"].widget.attrs["placeholder"] = type(self).suggest(name)

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if "name" in values and not values.get("slug"):
            values["slug"] = type(self).suggest(values["name"])
        return values
