"""Path templates: what is a route, when two are the same one, and what can never be one."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import Invalid
from apps.products.paths import PATH_MAX, SEGMENTS_MAX, Segment, check_upstream_path, parse_route, parse_template

LITERAL = st.text("abcXYZ019-._~!$&'()*+,=:@", min_size=1, max_size=6).filter(lambda text: text.strip("."))
NAME = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.\-]{0,8}", fullmatch=True)


@st.composite
def segments(draw: st.DrawFn) -> list[Segment]:
    names = iter(draw(st.lists(NAME, min_size=6, max_size=6, unique=True)))
    parts = []
    for kind in draw(st.lists(st.sampled_from(["literal", "bare", "prefixed", "suffixed", "both"]), max_size=6)):
        if kind == "literal":
            parts.append(Segment(prefix=draw(LITERAL)))
        else:
            prefix = draw(LITERAL) if kind in ("prefixed", "both") else ""
            suffix = draw(LITERAL) if kind in ("suffixed", "both") else ""
            parts.append(Segment(prefix, next(names), suffix))
    return parts


def written(parts: list[Segment]) -> str:
    return "/" + "/".join(
        part.prefix if part.parameter is None else f"{part.prefix}{{{part.parameter}}}{part.suffix}" for part in parts
    )


class TestTemplate:
    @given(segments())
    def test_is_read_as_it_is_written(self, parts: list[Segment]) -> None:
        template = parse_template(written(parts))
        assert template.segments == tuple(parts or [Segment(prefix="")])
        assert template.parameters == tuple(part.parameter for part in parts if part.parameter)
        assert template.text == written(parts)

    @given(segments(), st.data())
    def test_names_of_parameters_do_not_make_another_route(self, parts: list[Segment], data: st.DataObject) -> None:
        names = data.draw(st.lists(NAME, min_size=len(parts), max_size=len(parts), unique=True))
        renamed = [
            part if part.parameter is None else Segment(part.prefix, name, part.suffix)
            for part, name in zip(parts, names, strict=True)
        ]
        assert parse_template(written(renamed)).pattern == parse_template(written(parts)).pattern

    @given(segments(), segments())
    def test_another_shape_is_another_route(self, one: list[Segment], other: list[Segment]) -> None:
        def shape(parts: list[Segment]) -> list[tuple[str, bool, str]]:
            return [(part.prefix, part.parameter is None, part.suffix) for part in parts or [Segment("")]]

        same = parse_template(written(one)).pattern == parse_template(written(other)).pattern
        assert same is (shape(one) == shape(other))

    @given(st.text(alphabet="/ab{}.%;?#\\ \x00é", max_size=14))
    def test_any_text_is_a_safe_route_or_refused(self, text: str) -> None:
        try:
            template = parse_template(text)
        except Invalid:
            return
        assert re.fullmatch(r"(/[A-Za-z0-9\-._~!$&'()*+,=:@{}]*)+", template.text)
        assert not any(segment in (".", "..") for segment in template.text.split("/"))
        assert "//" not in template.text

    @pytest.mark.parametrize(
        ("text", "pattern"),
        [
            ("/", "/"),
            ("/a", "/a"),
            ("/a/", "/a/"),  # another route than /a
            ("/users/{id}", "/users/{}"),
            ("/users/{id}/files/{name}.json", "/users/{}/files/{}.json"),
            ("/v1.2/@me/a+b=c", "/v1.2/@me/a+b=c"),
            ("/reports/q{quarter}", "/reports/q{}"),
            ("/...", "/..."),
            ("/{a}..", "/{}.."),
            ("/" + "a" * (PATH_MAX - 1), "/" + "a" * (PATH_MAX - 1)),
            ("/a" * SEGMENTS_MAX, "/a" * SEGMENTS_MAX),
        ],
    )
    def test_these_are_routes(self, text: str, pattern: str) -> None:
        assert parse_template(text).pattern == pattern

    @pytest.mark.parametrize(
        "text",
        [
            "", "a", "a/b", "//", "//a", "/a//b", "/a//", "/.", "/..", "/a/./b", "/a/../b", "/../a", "/a/..",
            "/%2e%2e/a", "/a%2fb", "/a%00", "/%", "/a;b", "/a;/../b", "/..;/a", "/a?b", "/a#b", "/a\\b", "/\\..\\a",
            "/a b", "/ a", "/a\n", "/a\x00", "/é", "/．．/a", "/a\u2215b", "/\u202ea", "/a|b", "/a^b", "/a`b", "/a\"b",
            "/<a>",
            "/[a]", "/{", "/}", "/{}", "/a{", "/a}", "/{a", "/a}b", "/{{a}}", "/{a}{b}", "/{a}-{b}", "/{a b}", "/{a/b}",
            "/{1}", "/{-a}", "/{é}", "/{a}/{a}", "/x{a}/{a}y", "/{a*}", "/{+a}", "/{a?}", "/{a:int}", "/:a?", "/*?",
            "/{" + "a" * 65 + "}", "/" + "a" * PATH_MAX, "/a" * (SEGMENTS_MAX + 1), "http://a/b", "/\ud800",
        ],
    )  # fmt: skip
    def test_these_are_not(self, text: str) -> None:
        with pytest.raises(Invalid) as refused:
            parse_template(text, field="path")
        assert refused.value.field == "path"

    @pytest.mark.parametrize("value", [None, 5, b"/a", ["/a"], {"/a": 1}])
    def test_another_type_is_refused(self, value: Any) -> None:
        with pytest.raises(Invalid):
            parse_template(value)


class TestUpstreamPath:
    @pytest.mark.parametrize(
        ("route", "upstream"),
        [
            ("/a", "/b"),
            ("/{id}", "/users/{id}"),
            ("/{id}", "/fixed"),
            ("/{a}/{b}", "/{b}/{a}"),
            ("/{id}", "/v{id}.json"),
            ("/v{id}", "/v{id}"),
            ("/v{id}", "/x{id}"),
            ("/v{id}", "/{id}.json"),
            ("/{id}.json", "/{id}.xml"),
            ("/", "/"),
        ],
    )
    def test_these_pass(self, route: str, upstream: str) -> None:
        assert check_upstream_path(upstream, parse_template(route)).text == upstream

    @pytest.mark.parametrize(
        ("route", "upstream"),
        [
            ("/a", "/{id}"),
            ("/{id}", "/{id}/{other}"),
            ("/{id}", "/{ID}"),
            ("/{id}", "relative"),
            ("/{id}", "/../{id}"),
            ("/{id}", ""),
            # A call of `/v..` would be sent on as `/..`.
            ("/v{id}", "/{id}"),
            ("/{id}.json", "/{id}"),
            ("/v{id}", "/.{id}"),
            ("/v{id}", "/{id}."),
            ("/v{id}", "/..{id}"),
            ("/v{id}/{name}", "/{name}/{id}"),
        ],
    )
    def test_these_are_refused(self, route: str, upstream: str) -> None:
        with pytest.raises(Invalid) as refused:
            check_upstream_path(upstream, parse_template(route))
        assert refused.value.field == "upstream_path"

    @given(segments(), segments(), st.data())
    def test_no_call_of_an_accepted_route_leaves_the_backends_folder(
        self, route: list[Segment], upstream: list[Segment], data: st.DataObject
    ) -> None:
        """Whatever stands for the parameters, as long as no segment of the call is a dot segment itself."""
        names = [part.parameter for part in route if part.parameter]
        renamed = iter(names)
        upstream = [
            part if part.parameter is None else Segment(part.prefix, next(renamed, None), part.suffix)
            for part in upstream
        ]
        upstream = [part for part in upstream if part.parameter or part.prefix]
        try:
            check_upstream_path(written(upstream), parse_template(written(route)))
        except Invalid:
            return
        values = {}
        for part in route:
            if part.parameter:
                value = data.draw(st.text(".a", min_size=1, max_size=3))
                if part.prefix + value + part.suffix in (".", ".."):
                    return  # the gateway refuses a call with a dot segment
                values[part.parameter] = value
        for part in upstream:
            sent = part.prefix + (values[part.parameter] if part.parameter else "") + part.suffix
            assert sent not in (".", "..")


@pytest.mark.parametrize("path", ["/_gateway", "/_gateway/healthz", "/_gateway/{x}"])
def test_what_the_gateway_answers_itself_is_no_route(path: str) -> None:
    with pytest.raises(Invalid, match="gateway's own") as refused:
        parse_route(path)
    assert refused.value.field == "path"
    assert parse_template(path).text == path  # a backend may have it


@pytest.mark.parametrize("path", ["/gateway", "/_gateways/x", "/v1/_gateway", "/{_gateway}/x"])
def test_other_paths_are_routes(path: str) -> None:
    assert parse_route(path) == parse_template(path)
