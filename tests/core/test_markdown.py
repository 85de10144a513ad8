"""Markdown of strangers becomes HTML that does nothing but look right."""

import re

import pytest

from apps.core.markdown import plain, render


def test_what_people_write_is_marked_up() -> None:
    html = render("# One\n\n**bold** ~~gone~~ `code`\n\n- a\n- b\n\n|x|y|\n|-|-|\n|1|2|\n")
    for piece in (
        "<h2>One</h2>",
        "<strong>bold</strong>",
        "<s>gone</s>",
        "<code>code</code>",
        "<li>a</li>",
        "<td>1</td>",
    ):
        assert piece in html


def test_headings_start_below_the_title_of_the_page() -> None:
    assert re.findall(r"<h\d", render("\n\n".join(f"{'#' * level} x" for level in range(1, 7)))) == [
        "<h2", "<h3", "<h4", "<h5", "<h6", "<h6",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "![x](javascript:alert(1))",
        "<javascript:alert(1)>",
        '[x](https://a.example "><script>alert(1)</script>")',
        "[x]: javascript:alert(1)\n\n[x]",
        "```<script>\nx\n```",
        "<iframe src=https://a.example></iframe>",
        '<a href="#" style="position:fixed" class="button" id="main">x</a>',
    ],
)
def test_nothing_runs_loads_or_restyles(source: str) -> None:
    html = render(source)
    tags = re.findall(r"<[^>]*>", html)
    assert not re.search(r"<(script|img|svg|iframe|style|form|input)", html, re.IGNORECASE)
    for tag in tags:
        assert not re.search(r"\son\w+=|style=|class=|\sid=|javascript:|vbscript:|data:", tag, re.IGNORECASE), tag


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("a <b>b</b>, <I>c</I><br/>d", "<p>a <strong>b</strong>, <em>c</em><br>d</p>"),
        ("<div align=center><h1>A &amp; b</h1></div>", "A &amp; b"),
        (
            "See <a href='https://a.example'>it</a>",
            '<a href="https://a.example" rel="nofollow noopener noreferrer">it</a>',
        ),
        ("<table><tr><td>1</td></tr></table>", "<td>1</td>"),
        ("<b>open", "<strong>open</strong>"),
        ('<b onclick="x()" style="color:red">b</b>', "<strong>b</strong>"),
        ("<img src='https://a.example/x.png'>a", "a"),
    ],
)
def test_tags_that_say_what_markdown_can_say_work(source: str, shown: str) -> None:
    assert shown in render(source)


@pytest.mark.parametrize(
    "source", ["Send <city> and <your-key>", "<city>\n", "<script>x</script>", "<!-- x -->", "<?x?>"]
)
def test_any_other_tag_is_shown_as_it_was_typed(source: str) -> None:
    assert source.strip().replace("<", "&lt;").replace(">", "&gt;") in render(source)
    assert plain(source) == source.strip()


def test_plain_words_have_no_tags() -> None:
    assert plain("a <b>b</b><br>c &amp; d") == "a b c & d"
    assert plain("<p>One</p>\n\nTwo") == "One\nTwo"


def test_an_image_becomes_a_link_because_pages_load_nothing_from_elsewhere() -> None:
    html = render("![a chart](https://a.example/chart.png)")
    assert '<a href="https://a.example/chart.png"' in html
    assert ">a chart</a>" in html


def test_an_image_inside_a_link_leaves_its_words() -> None:
    html = render("[![badge](https://a.example/b.svg)](https://b.example)")
    assert html.count("<a ") == 1
    assert "https://b.example" in html
    assert "badge" in html


def test_links_lend_no_rank_and_no_opener() -> None:
    assert 'rel="nofollow noopener noreferrer"' in render("[x](https://a.example)")


@pytest.mark.parametrize("source", ["", "\x00", ">" * 5000, "[" * 5000, "*" * 5000, "- " * 2000, "|" * 5000])
def test_any_text_is_answered(source: str) -> None:
    assert isinstance(render(source), str)


def test_the_words_alone() -> None:
    source = "# One\n\nTwo **bold**\n`code` [link](https://x.example) ![image](y.png)\n\n- a\n- b\n\n"
    source += "```\nx = 1\n```\n<b>bold</b> <as text>"
    assert plain(source) == "One\nTwo bold code link image\n• a\n• b\nx = 1\nbold <as text>"
