"""One canonical path: what can be read in two ways is refused, what cannot is left as it came."""

import pytest

from apps.gateway.engine.admission.paths import BadTarget, parse_target
from tests.gateway.targets import REFUSED

ACCEPTED = [
    "/", "/a", "/a/", "/a/b.json", "/a/...", "/a/..b", "/a/b..", "/.well-known/x", "/a-b_c~d.e", "/a:b@c",
    "/a!$&'()*+,=",
    "/13.38,52.51;13.39,52.52", "/a;v=1", "/users/%40me", "/users/@me", "/a%20b", "/a%2Cb", "/a%2cb", "/caf%C3%A9",
    "/caf%c3%a9", "/100%25", "/%E6%97%A5%E6%9C%AC", "/a%3Db", "/a%3Fb", "/a%23b", "/a%5B0%5D", "/A", "/a?",
    "/a?x=1&x=2",
    "/a?filter[name]=x&b=%2F&c=%zz&d=100%&e=a/../b&f=\\", "/a?b?c", "/a?http://x/", '/a?"<>^`{|}',
]  # fmt: skip


@pytest.mark.parametrize("target", REFUSED)
def test_a_target_that_can_be_read_in_two_ways_is_refused(target: str) -> None:
    with pytest.raises(BadTarget):
        parse_target(target.encode("utf-8"))


@pytest.mark.parametrize("target", ACCEPTED)
def test_a_target_that_can_be_read_in_one_way_is_kept_byte_for_byte(target: str) -> None:
    parsed = parse_target(target.encode("ascii"))
    path, _, query = target.partition("?")
    assert (parsed.path.raw, parsed.query.decode("ascii")) == (path, query)
    assert "/" + "/".join(parsed.path.segments) == path


def test_segments_are_known_decoded_too() -> None:
    parsed = parse_target(b"/a%20b/caf%C3%A9/%40me")
    assert parsed.path.decoded == ("a b", "café", "@me")


@pytest.mark.parametrize(
    ("target", "path", "segments"),
    [("/weather", "/", ("",)), ("/weather/", "/", ("",)), ("/weather/now/1?q=2", "/now/1", ("now", "1"))],
)
def test_what_is_below_the_product(target: str, path: str, segments: tuple[str, ...]) -> None:
    below = parse_target(target.encode()).below
    assert (below.raw, below.segments, below.decoded) == (path, segments, segments)


def test_a_target_of_more_than_8_kib_is_refused() -> None:
    parse_target(b"/" + b"a" * 8191)
    with pytest.raises(BadTarget, match="longer"):
        parse_target(b"/" + b"a" * 8192)
