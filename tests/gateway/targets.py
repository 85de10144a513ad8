"""Request targets that two programs could read in two ways: the gateway takes none of them."""

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
