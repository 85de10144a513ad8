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


def test_html_is_shown_as_it_was_typed() -> None:
    assert "&lt;b&gt;not bold&lt;/b&gt;" in render("<b>not bold</b>")


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
    source += "```\nx = 1\n```\n<b>as text</b>"
    assert plain(source) == "One\nTwo bold code link image\n• a\n• b\nx = 1\n<b>as text</b>"
