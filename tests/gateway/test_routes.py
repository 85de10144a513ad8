"""The route table: which endpoint a path is, and what the backend is asked for."""

import pytest

from apps.gateway.engine.admission.paths import BadTarget, parse_target
from apps.gateway.engine.admission.routes import STEPS_MAX, Endpoint, Match, RouteTable, raw_slice
from apps.products.paths import parse_template


def endpoint(number: int, path: str, method: str = "GET", upstream_path: str = "") -> Endpoint:
    return Endpoint(
        id=number,
        method=method,
        path=parse_template(path),
        upstream_path=parse_template(upstream_path or path),
        tier_rank=0,
        weight=1,
    )


def table(*paths: str) -> RouteTable:
    return RouteTable(endpoint(number, path) for number, path in enumerate(paths))


def found(routes: RouteTable, target: str) -> int | None:
    match = routes.match_path(parse_target(target.encode()).path)
    return match.endpoints["GET"].id if match else None


def matched(routes: RouteTable, target: str) -> Match:
    match = routes.match_path(parse_target(target.encode()).path)
    assert match is not None
    return match


@pytest.mark.parametrize(
    ("target", "number"),
    [
        ("/", 0),
        ("/users", 1),
        ("/users/", None),
        ("/users/5", 2),
        ("/users/me", 3),
        ("/users/%40me", 4),
        ("/users/@me", 4),
        ("/users/5.json", 5),
        ("/users/v5.json", 6),
        ("/users/.json", 2),  # a parameter is never empty
        ("/users/5/files/a", 7),
        ("/users/me/files/a", 7),  # back from the literal branch that does not go on
        ("/Users", None),
        ("/users/5/files", None),
        ("/files/", 8),
        ("/files", None),
    ],
)
def test_the_most_literal_route_wins(target: str, number: int | None) -> None:
    routes = table(
        "/", "/users", "/users/{id}", "/users/me", "/users/@me", "/users/{id}.json", "/users/v{n}.json",
        "/users/{id}/files/{name}", "/files/",
    )  # fmt: skip
    assert found(routes, target) == number


def test_parameters_go_to_the_backend_as_they_came() -> None:
    routes = RouteTable([endpoint(1, "/a/{x}/b/v{y}.json", upstream_path="/{y}/of/{x}")])
    match = matched(routes, "/a/caf%C3%A9%2Cx/b/v1%202.json")
    assert match.upstream_path(match.endpoints["GET"]) == "/1%202/of/caf%C3%A9%2Cx"


@pytest.mark.parametrize("target", ["/a/x..", "/a/x.", "/a/x..;y", "/a/x;y", "/a/x.;"])
def test_a_parameter_cannot_become_a_dot_segment_at_the_backend(target: str) -> None:
    match = matched(RouteTable([endpoint(1, "/a/x{p}", upstream_path="/b/{p}/c")]), target)
    with pytest.raises(BadTarget):
        match.upstream_path(match.endpoints["GET"])


def test_methods_and_head() -> None:
    routes = RouteTable([endpoint(1, "/a"), endpoint(2, "/a", "POST"), endpoint(3, "/b", "HEAD"), endpoint(4, "/b")])
    match = matched(routes, "/a")
    assert match.methods == ["GET", "HEAD", "POST"]
    assert [found and found.id for found in map(match.find, ("GET", "HEAD", "POST", "PUT"))] == [1, 1, 2, None]
    declared = matched(routes, "/b").find("HEAD")
    assert declared is not None
    assert declared.id == 3


def test_the_path_is_decided_before_the_method() -> None:
    routes = RouteTable([endpoint(1, "/users/me"), endpoint(2, "/users/{id}", "DELETE")])
    assert matched(routes, "/users/me").find("DELETE") is None


class CountingSegment(str):
    """A segment that counts how often it is hashed or compared: one lookup each."""

    lookups = 0

    def __hash__(self) -> int:
        CountingSegment.lookups += 1
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other)


def lookups(routes: RouteTable, *segments: str) -> int:
    CountingSegment.lookups = 0
    counted = tuple(CountingSegment(segment) for segment in segments)
    assert routes.match(counted, segments) is not None
    return CountingSegment.lookups


def test_ten_thousand_routes_take_as_many_steps_as_ten() -> None:
    def many(count: int) -> RouteTable:
        return table(
            *(f"/resource-{number}/{{id}}/items" for number in range(count)), *(f"/f-{n}-{{x}}" for n in range(count))
        )

    few, full = many(10), many(5000)
    assert lookups(full, "resource-7", "1", "items") == lookups(few, "resource-7", "1", "items")
    assert found(full, "/f-4999-x") == 9999


def test_routes_that_branch_everywhere_take_a_bounded_number_of_steps() -> None:
    """A literal and a parameter at every level: every way is tried where none of them leads to the end."""
    deep = table(*("/" + "/".join(f"{{p{n}}}" if way >> n & 1 else "a" for n in range(11)) for way in range(2048)))
    ways = ("a",) * 11
    assert deep.match(ways, ways) is not None
    counted = tuple(map(CountingSegment, (*ways, "x")))
    CountingSegment.lookups = 0
    assert deep.match(counted, counted) is None
    assert CountingSegment.lookups <= STEPS_MAX


def test_parts_of_raw_segments() -> None:
    raw = "a%C3%A9b%E6%97%A5%F0%9F%98%80c"
    text = "aéb日😀c"
    for start in range(len(text)):
        for stop in range(start, len(text) + 1):
            part = parse_target(b"/x" + raw_slice(raw, start, stop).encode()).path.decoded[0]
            assert part == "x" + text[start:stop]
