"""What the serializers of all apps share."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from apps.core.rest.pagination import LIMIT_DEFAULT, LIMIT_MAX

Answer = serializers.Serializer[Any]


class Input(serializers.Serializer[Any]):
    """A body or a query. A field of a body that is not known is refused: a slip of the pen, or a wish unheard."""

    def to_internal_value(self, data: Any) -> Any:
        if type(data) is dict and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError(
                {str(name)[:100]: [_("There is no such field.")] for name in unknown[:10]}
            )
        return super().to_internal_value(data)


class PageQuery(Input):
    cursor = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=2000,
        help_text="`meta.next_cursor` of the page before.",
    )
    limit = serializers.IntegerField(
        required=False, default=LIMIT_DEFAULT, min_value=1, max_value=LIMIT_MAX, help_text="How many at most."
    )


class Empty(Input):
    """No field at all: what a POST that needs none takes."""


class Text(serializers.CharField):
    """A text as it was sent; the service decides about white space, length and characters."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("trim_whitespace", False)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)
