"""Path templates such as `/users/{id}/files/{name}.json`: what is allowed, and which are the same route.

A segment is literal text, a parameter, or one parameter with literal text before or after it. A parameter
matches one or more characters of its segment and never a slash.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import Invalid

PATH_MAX = 500
SEGMENTS_MAX = 32
# RFC 3986 `pchar` without escapes and without `;`, which some backends cut a path at.
_LITERAL = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,=:@]*")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,63}")


@dataclass(frozen=True, slots=True)
class Segment:
    """`prefix{parameter}suffix`; a literal segment is all prefix, with `parameter` None."""

    prefix: str
    parameter: str | None = None
    suffix: str = ""

    @property
    def is_bare(self) -> bool:
        """Whether the parameter is the whole segment."""
        return self.parameter is not None and not self.prefix and not self.suffix


# Its probe and its metrics, on every host.
_OF_GATEWAY = Segment(prefix="_gateway")


@dataclass(frozen=True, slots=True)
class PathTemplate:
    text: str
    segments: tuple[Segment, ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(segment.parameter for segment in self.segments if segment.parameter is not None)

    @property
    def pattern(self) -> str:
        """The template without the names of its parameters: equal for two that match the same paths."""
        return "/" + "/".join(
            segment.prefix if segment.parameter is None else f"{segment.prefix}{{}}{segment.suffix}"
            for segment in self.segments
        )


def parse_template(text: Any, *, field: str = "path") -> PathTemplate:
    """Parse a path template. Raises `Invalid` that says what is wrong with which segment."""
    if not isinstance(text, str) or not text.startswith("/"):
        raise Invalid(_("A path begins with a slash."), field=field)
    if len(text) > PATH_MAX:
        raise Invalid(_("A path has %(most)d characters at most.") % {"most": PATH_MAX}, field=field)
    parts = text[1:].split("/")
    if len(parts) > SEGMENTS_MAX:
        raise Invalid(_("A path has %(most)d segments at most.") % {"most": SEGMENTS_MAX}, field=field)
    if "" in parts[:-1]:
        raise Invalid(_("A path has no empty segments (two slashes in a row)."), field=field)
    segments = tuple(_parse_segment(part, field) for part in parts)
    template = PathTemplate(text=text, segments=segments)
    if len(set(template.parameters)) != len(template.parameters):
        raise Invalid(_("Each parameter of a path has a name of its own."), field=field)
    return template


def parse_route(text: Any, *, field: str = "path") -> PathTemplate:
    """Parse the path of an endpoint: a template, and not below what the gateway answers itself. Raises `Invalid`."""
    template = parse_template(text, field=field)
    if template.segments[0] == _OF_GATEWAY:
        raise Invalid(_("Paths below /%(name)s are the gateway's own.") % {"name": _OF_GATEWAY.prefix}, field=field)
    return template


def _parse_segment(part: str, field: str) -> Segment:
    if part in (".", ".."):
        raise Invalid(_("A path has no dot segments."), field=field)
    prefix, brace, rest = part.partition("{")
    parameter, closing, suffix = rest.partition("}")
    if not _LITERAL.fullmatch(prefix) or not _LITERAL.fullmatch(suffix):
        raise Invalid(
            _("The segment “%(segment)s” has a character that a path template cannot have, or two parameters.")
            % {"segment": part},
            field=field,
        )
    if not brace:
        return Segment(prefix=prefix)
    if not closing or not _PARAMETER.fullmatch(parameter):
        raise Invalid(
            _("The segment “%(segment)s” has no readable parameter such as {id}.") % {"segment": part}, field=field
        )
    return Segment(prefix=prefix, parameter=parameter, suffix=suffix)


def check_upstream_path(text: Any, route: PathTemplate) -> PathTemplate:
    """Parse the path at the backend; it may only use parameters of the route. Raises `Invalid`.

    Refused, too: a parameter that is only a part of its segment in the route and alone (or beside dots) at the
    backend, such as `/v{rest}` → `/{rest}`: a call of `/v..` would leave the backend's folder.
    """
    field = "upstream_path"
    template = parse_template(text, field=field)
    unknown = set(template.parameters) - set(route.parameters)
    if unknown:
        raise Invalid(
            _("The path at the backend uses parameters that the path lacks: %(names)s.")
            % {"names": ", ".join(sorted(unknown))},
            field=field,
        )
    bare = {segment.parameter for segment in route.segments if segment.is_bare}
    for segment in template.segments:
        if segment.parameter is None or segment.parameter in bare:
            continue
        if not (segment.prefix + segment.suffix).strip("."):
            raise Invalid(
                _("The parameter {%(name)s} must not stand alone at the backend, since it does not in the path.")
                % {"name": segment.parameter},
                field=field,
            )
    return template
