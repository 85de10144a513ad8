"""What templates of the portal load: `{% load portal %}`."""

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any
from zlib import crc32

from django import template
from django.forms import CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.forms.boundfield import BoundField
from django.http import HttpRequest
from django.utils import formats as django_formats
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.core import clock
from apps.payments.errors import decline_message
from apps.portal import charts, endings, formats, json_view, states
from apps.portal.icons import ICONS
from apps.portal.once import FORM_ID, new_form_id
from apps.products.hosting import is_hosting

register = template.Library()

# As `{{ value|ms }}`, and as `<c-number form="ms">`.
FORMATS: dict[str, Callable[[float], formats.Quantity]] = {
    "count": formats.count,
    "compact": formats.compact,
    "ms": formats.milliseconds,
    "us": formats.microseconds,
    "bytes": formats.byte_size,
    "percent": formats.percent,
}


def _as_text(write: Callable[[float], formats.Quantity]) -> Callable[[float], str]:
    return lambda value: str(write(value))


for _name, _write in FORMATS.items():
    register.filter(_name, _as_text(_write))
register.filter("thousands", formats.grouped)
register.filter("period", formats.period)
register.filter("state", states.state_of)
register.filter("http_tone", states.http_tone)
register.filter("works_until", endings.works_until)
register.filter("ends_at", endings.ends_at)
register.filter("is_hosting", is_hosting)


@register.filter
def money(amount: int, currency: str) -> str:
    return str(formats.money(amount, currency))


@register.filter
def decline_reason(code: str) -> str:
    """What a payment was declined with, in words."""
    return decline_message(code)


@register.filter
def unit_price(unit_amount: Decimal, currency: str) -> str:
    """Minor units that may have fractions, with as many decimals as they have: 29.00, 0.0004."""
    return formats.unit_price(unit_amount, currency).text


@register.simple_tag
def form_id() -> SafeString:
    """The hidden field of a form that is carried out once (see `apps.portal.once`)."""
    return format_html('<input type="hidden" name="{}" value="{}">', FORM_ID, new_form_id())


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon that says nothing to a screen reader: the word stands beside it, or in the control's label."""
    return format_html(
        '<svg class="icon" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" '
        'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="{}"/></svg>',
        ICONS[name],
    )


@register.simple_tag
def quantity(value: float | None, form: str) -> formats.Quantity:
    """The number and its unit, apart: `{% quantity latency "ms" as q %}{{ q.text }} {{ q.unit }}`."""
    return formats.NOTHING if value is None else FORMATS[form](value)


@register.simple_tag
def money_parts(amount: int, currency: str) -> formats.Quantity:
    return formats.money(amount, currency)


@register.filter
def relative(at: dt.datetime) -> str:
    """How long ago or how soon, by the clock of the installation."""
    return formats.relative(at, clock.now())


@register.filter
def utc(at: dt.datetime) -> str:
    """The exact instant: 22 November 2026, 02:37:05 UTC."""
    return django_formats.date_format(at.astimezone(dt.UTC), "j F Y, H:i:s") + " UTC"


@register.filter
def iso(at: dt.datetime) -> str:
    """For `<time datetime>`."""
    return at.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@register.filter
def header_lines(headers: list[list[str]]) -> str:
    """Headers of a recorded call, one per line."""
    return "\n".join(f"{name}: {value}" for name, value in headers)


@register.filter
def share_of(part: float, whole: float) -> float:
    """Where `part` stands on a bar that `whole` fills, in percent from 0 to 100."""
    return round(min(100.0, max(0.0, part / whole * 100)), 2) if whole else 100.0


@register.filter
def ratio(part: float, whole: float) -> float:
    """`part` of `whole` as a share of one; all of it where there is no whole."""
    return part / whole if whole else 1.0


@register.filter
def pattern_for(text: str) -> str:
    """A regular expression for `<input pattern>` that only this text matches."""
    return "".join(f"\\{sign}" if sign in r"^$\.*+?()[]{}|/" else sign for sign in text)


@register.filter
def initial(name: str) -> str:
    return name[:1].upper()


@register.filter
def monogram_tone(slug: str) -> int:
    """One of the six tones of a monogram, always the same for the same product."""
    return crc32(slug.encode()) % 6 + 1


@register.filter
def absolute_url(path: str, request: HttpRequest) -> str:
    """The whole address of a path of this site; an address that is whole already stays."""
    return request.build_absolute_uri(path)


@register.simple_tag
def sparkline(values: Sequence[charts.Value], tone: str = "1") -> charts.Line:
    return charts.sparkline(values, tone=tone)


@register.filter
def json_node(value: Any) -> json_view.Node:
    """JSON data as a tree that `<c-json>` writes."""
    return json_view.node(value)


@register.simple_tag(takes_context=True)
def query_with(context: template.Context, **changes: Any) -> SafeString:
    """The page's query string with these parameters replaced; None or "" takes one out."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
        else:
            query[name] = value
    return mark_safe(f"?{query.urlencode()}")  # noqa: S308 # urlencode leaves nothing that HTML would read


@register.filter
def may(actor: Actor, action: str) -> bool:
    """Whether the actor's role carries the action: `{% if actor|may:"audit.view" %}`."""
    return actor.may(Action(action))


@register.filter
def starts_with(text: str, start: str) -> bool:
    return text.startswith(start)


@register.filter
def minus(value: int, taken: int) -> int:
    """What is left, never less than nothing."""
    return max(0, value - taken)


@register.filter
def at_most(value: int, highest: int) -> int:
    return min(value, highest)


@register.filter
def times(number: int | str) -> range:
    """To repeat something: `{% for line in 3|times %}`."""
    return range(int(number))


@register.filter
def is_checkbox(field: BoundField) -> bool:
    return isinstance(field.field.widget, CheckboxInput)


@register.simple_tag
def widget(field: BoundField, **attrs: str | bool) -> SafeString:
    """The control of a bound field with our class, described by the one line that stands below it.

    `placeholder=False` takes away the one that the form brings, an empty one leaves it. A class that the form
    brings stands beside ours.
    """
    kind = field.field.widget
    own = f" {kind.attrs['class']}" if "class" in kind.attrs else ""
    if attrs.get("placeholder") == "":
        del attrs["placeholder"]
    if isinstance(kind, Select) and not isinstance(kind, RadioSelect):
        attrs.setdefault("class", f"select{own}")
    elif not isinstance(kind, CheckboxInput | RadioSelect | CheckboxSelectMultiple):
        attrs.setdefault("class", f"input{own}")
    if field.errors:
        attrs["aria-describedby"] = f"{field.auto_id}_error"
    return field.as_widget(attrs=attrs)
