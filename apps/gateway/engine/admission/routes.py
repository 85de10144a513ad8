"""The route table of a product: a trie of path segments, so that matching does not slow down with more routes.

Literal text wins over a parameter with text around it, and that over a bare parameter. The path is decided
first, then the method: `DELETE /users/me` is 405 where only `GET /users/me` exists, whatever `/users/{id}` allows.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from apps.gateway.engine.admission.networks import NetworkRule
from apps.gateway.engine.admission.paths import Path, decode_segment
from apps.products.paths import PathTemplate, Segment

# The routes that a table has at hand: so many, with paths of so many characters at most.
_KNOWN_MAX = 128
_KNOWN_LENGTH_MAX = 256

# Nodes that are looked at for one path. Without literals beside parameters it is one for each segment.
STEPS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Endpoint:
    id: int
    method: str
    path: PathTemplate
    upstream_path: PathTemplate  # below the product's backend address
    tier_rank: int
    weight: int
    deprecated_at: dt.datetime | None = None
    sunset_at: dt.datetime | None = None
    # The most that a call can cost where the backend reports its units; None: it costs the weight.
    max_units: int | None = None
    networks: NetworkRule | None = None  # where its calls may come from, besides the product's own


@dataclass(slots=True)
class Match:
    """The endpoints of a path by method, and the raw text of each parameter in order."""

    endpoints: dict[str, Endpoint]
    values: tuple[str, ...]

    def find(self, method: str) -> Endpoint | None:
        """The endpoint of the method; HEAD is answered by GET where it is not declared itself."""
        endpoint = self.endpoints.get(method)
        return self.endpoints.get("GET") if endpoint is None and method == "HEAD" else endpoint

    @property
    def methods(self) -> list[str]:
        """What `Allow` says."""
        return sorted({*self.endpoints, "HEAD"} if "GET" in self.endpoints else self.endpoints)

    def upstream_path(self, endpoint: Endpoint) -> str:
        """The path at the backend, with the parameters as they came.

        Raises `BadTarget` where a parameter would make a segment there that may not be.
        """
        values = dict(zip(endpoint.path.parameters, self.values, strict=True))
        return "/" + "/".join(_rendered(segment, values) for segment in endpoint.upstream_path.segments)


def _rendered(segment: Segment, values: dict[str, str]) -> str:
    if segment.parameter is None:
        return segment.prefix
    raw = f"{segment.prefix}{values[segment.parameter]}{segment.suffix}"
    decode_segment(raw)
    return raw


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    # Parameters with text around them, by that text; and the lengths of it that occur, the most text first.
    affixed: dict[tuple[str, str], "_Node"] = field(default_factory=dict)
    affix_lengths: list[tuple[int, int]] = field(default_factory=list)
    parameter: "_Node | None" = None
    endpoints: dict[str, Endpoint] = field(default_factory=dict)

    def child(self, segment: Segment) -> "_Node":
        if segment.parameter is None:
            return self.literals.setdefault(segment.prefix, _Node())
        if not segment.prefix and not segment.suffix:
            self.parameter = self.parameter or _Node()
            return self.parameter
        lengths = (len(segment.prefix), len(segment.suffix))
        if lengths not in self.affix_lengths:
            self.affix_lengths.append(lengths)
            self.affix_lengths.sort(key=lambda pair: (-sum(pair), -pair[0]))
        return self.affixed.setdefault((segment.prefix, segment.suffix), _Node())


@dataclass(frozen=True, slots=True)
class Route:
    """Where a path and method lead: the endpoint, and the path at the backend."""

    endpoint: Endpoint
    upstream_path: str


class RouteTable:
    """Immutable once made, but for the routes that it has at hand."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._root = _Node()
        self._known: dict[tuple[str, str], Route] = {}
        self._endpoints: dict[int, Endpoint] = {}
        for endpoint in endpoints:
            self._endpoints[endpoint.id] = endpoint
            node = self._root
            for segment in endpoint.path.segments:
                node = node.child(segment)
            node.endpoints[endpoint.method] = endpoint

    def endpoint(self, number: int) -> Endpoint | None:
        """The endpoint with this id, as it is now."""
        return self._endpoints.get(number)

    def match(self, decoded: tuple[str, ...], raw: tuple[str, ...]) -> Match | None:
        """The endpoints whose template the path fits; `decoded` and `raw` are the segments of one path."""
        values: list[str] = []
        try:
            node = _descend(self._root, decoded, raw, 0, values, [STEPS_MAX])
        except _TooManySteps:
            return None
        return None if node is None else Match(node.endpoints, tuple(reversed(values)))

    def match_path(self, path: Path) -> Match | None:
        return self.match(path.decoded, path.segments)

    def known(self, path: Path, method: str) -> Route | None:
        """What was found for this path and method before."""
        return self._known.get((path.raw, method))

    def keep(self, path: Path, method: str, route: Route) -> None:
        """Have it at hand for the next call: most products have a few routes that are called all the time."""
        if len(path.raw) <= _KNOWN_LENGTH_MAX:
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            self._known[path.raw, method] = route


class _TooManySteps(Exception):
    """The way back and forth between the routes is longer than anybody may make a process go."""


def _descend(
    node: _Node, decoded: tuple[str, ...], raw: tuple[str, ...], index: int, values: list[str], left: list[int]
) -> "_Node | None":
    """The node of the path below `node`; the values are added last segment first, on the way back.

    `left` has the number of steps that may still be taken.
    """
    left[0] -= 1
    if left[0] < 0:
        raise _TooManySteps
    if index == len(decoded):
        return node if node.endpoints else None
    text = decoded[index]
    literal = node.literals.get(text)
    if literal is not None:
        found = _descend(literal, decoded, raw, index + 1, values, left)
        if found is not None:
            return found
    for before, after in node.affix_lengths:
        end = len(text) - after
        affixed = node.affixed.get((text[:before], text[end:])) if before < end else None
        if affixed is not None:
            found = _descend(affixed, decoded, raw, index + 1, values, left)
            if found is not None:
                values.append(raw_slice(raw[index], before, end))
                return found
    if node.parameter is not None and text:
        found = _descend(node.parameter, decoded, raw, index + 1, values, left)
        if found is not None:
            values.append(raw[index])
            return found
    return None


def raw_slice(raw: str, start: int, stop: int) -> str:
    """The part of a raw segment that decodes to its decoded characters `start` to `stop`."""
    if "%" not in raw:
        return raw[start:stop]
    characters: list[str] = []
    position = 0
    while position < len(raw):
        length = 1
        if raw[position] == "%":
            lead = int(raw[position + 1 : position + 3], 16)
            length = 3 * (1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4)
        characters.append(raw[position : position + length])
        position += length
    return "".join(characters[start:stop])
