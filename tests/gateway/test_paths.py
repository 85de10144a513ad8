"""One canonical path: what can be read in two ways is refused, what cannot is left as it came."""

import pytest

from apps.gateway.engine.paths import BadTarget, parse_target

REFUSED = [
    # other forms of the target
    "http://other/x", "https://gateway/weather/now", "other:443", "*", "", "weather/now", "?x", "#x", "/a#b", "/a?b#c",
    # dot segments, in every encoding
    "/a/../b", "/a/..", "/..", "/.", "/a/./b", "/a/.", "/%2e%2e/b", "/a/%2E%2e", "/a/.%2e/b", "/a/%2e./b", "/a/%2e/b",
    "/a/%252e%252e/b", "/a/%25%32%65%25%32%65/b", "/a/..;/b", "/a/..;x=1/b", "/a/.;/b", "/a/;/b",
    "/a/;x/b", "/a/%2e%2e;/b", "/a/..%3b/b", "/a/..%3B/b",
    # separators
    "//a", "/a//b", "/a/b//", "///", "/a\\b", "/a/..\\b", "/a%2fb", "/a%2Fb", "/a%5cb", "/a/..%2fb", "/a/..%5cb",
    "/a/%2f", "/a%252fb", "/a%255cb", "/a%25252fb",
    # control characters and spaces
    "/a%00", "/a%00.json", "/a%0ab", "/a%0d%0aX-Injected:%201", "/a%09b", "/a%1f", "/a%7f", "/a%c2%85", "/a b", "/a\tb",
    "/a\x00b", "/a\nb", "/a\x7fb",
    # not UTF-8, and more bytes than needed
    "/a%c0%ae%c0%ae/b", "/a%c0%af", "/%e0%80%ae", "/%f0%80%80%ae", "/a%ff", "/a%80", "/a%e9", "/%ed%a0%80", "/a%c1%9c",
    # escapes that are none
    "/a%", "/a%2", "/a%zz", "/a%u002e", "/a%%32%65", "/a%2x/b", "/100%",
    # escapes of characters that need none: `/%61dmin` is `/admin` to every backend
    "/%61dmin", "/%41", "/a%2db", "/a%5fb", "/a%7eb", "/a%30",
    # characters that must be escaped
    "/a<b", "/a>b", '/a"b', "/a{b}", "/a|b", "/a^b", "/a`b", "/a[0]", "/é", "/a?x=é", "/a?x y", "/a?x\x00",
    # what Unicode normalization makes separators or dots of
    "/%ef%bc%8e%ef%bc%8e/b", "/a%ef%bc%8fb", "/a%ef%bc%bcb", "/%e2%80%a5/b", "/%e2%80%a4%e2%80%a4/b", "/..%ef%bc%8f",
    "/a%ef%bc%852e", "/%ef%bc%9b",
]  # fmt: skip

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
    assert (parsed.path, parsed.query.decode("ascii")) == (path, query)
    assert "/" + "/".join(parsed.segments) == path


def test_segments_are_known_decoded_too() -> None:
    parsed = parse_target(b"/a%20b/caf%C3%A9/%40me")
    assert parsed.decoded == ("a b", "café", "@me")


@pytest.mark.parametrize(
    ("target", "path", "segments"),
    [("/weather", "/", ("",)), ("/weather/", "/", ("",)), ("/weather/now/1?q=2", "/now/1", ("now", "1"))],
)
def test_what_is_below_the_product(target: str, path: str, segments: tuple[str, ...]) -> None:
    below = parse_target(target.encode()).below_first_segment()
    assert (below.path, below.segments, below.decoded) == (path, segments, segments)


def test_a_target_of_more_than_8_kib_is_refused() -> None:
    parse_target(b"/" + b"a" * 8191)
    with pytest.raises(BadTarget, match="longer"):
        parse_target(b"/" + b"a" * 8192)
