"""Path templates such as `/users/{id}/files/{name}.json`: what is allowed, and which are the same route.

A segment is literal text, a parameter, or one parameter with literal text before or after it. A parameter
matches one or more characters of its segment and never a slash.
"""

import re
from dataclasses import dataclass

from apps.core.errors import Invalid

PATH_MAX = 500
# RFC 3986 `pchar` without escapes and without `;`, which some backends cut a path at.
_LITERAL = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,=:@]*")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,63}")


@dataclass(frozen=True, slots=True)
class Segment:
    """`prefix{parameter}suffix`; a literal segment is all prefix, with `parameter` None."""

    prefix: str
    parameter: str | None = None
    suffix: str = ""


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


def parse_template(text: str, *, field: str = "path") -> PathTemplate:
    """Parse a path template. Raises `Invalid` that says what is wrong with which segment."""
    if not text.startswith("/"):
        raise Invalid("A path begins with a slash.", field=field)
    if len(text) > PATH_MAX:
        raise Invalid(f"A path has {PATH_MAX} characters at most.", field=field)
    parts = text[1:].split("/")
    if "" in parts[:-1]:
        raise Invalid("A path has no empty segments (two slashes in a row).", field=field)
    segments = tuple(_parse_segment(part, field) for part in parts)
    template = PathTemplate(text=text, segments=segments)
    if len(set(template.parameters)) != len(template.parameters):
        raise Invalid("Each parameter of a path has a name of its own.", field=field)
    return template


def _parse_segment(part: str, field: str) -> Segment:
    if part in (".", ".."):
        raise Invalid("A path has no dot segments.", field=field)
    prefix, brace, rest = part.partition("{")
    parameter, closing, suffix = rest.partition("}")
    if not _LITERAL.fullmatch(prefix) or not _LITERAL.fullmatch(suffix):
        raise Invalid(
            f"The segment “{part}” has a character that a path template cannot have, or more than one parameter.",
            field=field,
        )
    if not brace:
        return Segment(prefix=prefix)
    if not closing or not _PARAMETER.fullmatch(parameter):
        raise Invalid(f"The segment “{part}” has no readable parameter such as {{id}}.", field=field)
    return Segment(prefix=prefix, parameter=parameter, suffix=suffix)


def check_upstream_path(text: str, route: PathTemplate) -> PathTemplate:
    """Parse the path at the backend; it may only use parameters of the route. Raises `Invalid`."""
    template = parse_template(text, field="upstream_path")
    unknown = set(template.parameters) - set(route.parameters)
    if unknown:
        names = ", ".join(sorted(unknown))
        raise Invalid(f"The path at the backend uses parameters that the path lacks: {names}.", field="upstream_path")
    return template
