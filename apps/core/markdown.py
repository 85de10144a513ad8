"""Markdown that people write, as HTML that is safe to show to others.

CommonMark with tables and strikethrough. The few HTML tags that people format with work as far as Markdown has the
same, since descriptions of APIs are full of them; any other is shown as text. Images become links, because a page loads
nothing from other hosts.
"""

import re
from functools import cache
from html import unescape

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAGS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
# What these say without a tag of Markdown's is dropped, what is between them stays.
_MEANT = _TAGS | {
    "b", "center", "dd", "del", "div", "dl", "dt", "font", "h1", "i", "img", "ins", "kbd", "mark", "small", "span",
    "strike", "sub", "sup", "tt", "u",
}  # fmt: skip
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s[^<>]*|/)?)>")
_SAME = {"b": "strong", "del": "s", "i": "em", "strike": "s", "tt": "code", "kbd": "code"}
# The page has its own h1 above the text.
_HEADING_SHIFT = 1


@cache
def _parser() -> MarkdownIt:
    # Without blocks of HTML, in which no Markdown works: a tag at the start of a line is one in its paragraph.
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).disable("html_block")


def render(text: str) -> SafeString:
    """The text as HTML with headings from h2 down; links open without a referrer and lend no rank."""
    parser = _parser()
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + _HEADING_SHIFT)}"
        for child in token.children or ():
            if child.type == "html_inline":
                child.content = _known_tags(child.content)
        _link_images(token)
    html = parser.renderer.render(tokens, parser.options, {})
    return mark_safe(  # noqa: S308 # cleaned by nh3, whatever the renderer wrote
        nh3.clean(
            html,
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            url_schemes={"http", "https", "mailto"},
            link_rel="nofollow noopener noreferrer",
        )
    )


def plain(text: str) -> str:
    """The words of the text alone, a line for each paragraph, item and cell: for e-mail and other plain text."""
    lines, bullet = [], ""
    for token in _parser().parse(text):
        if token.type == "list_item_open":
            bullet = "• "
        elif token.type == "inline":
            lines.append(bullet + "".join(_words(child) for child in token.children or ()))
            bullet = ""
        elif token.type in ("fence", "code_block"):
            lines.append(token.content.rstrip())
    return "\n".join(lines)


def _known_tags(html: str) -> str:
    """The tags that are meant as such, named as Markdown writes them; all else as text. Entities stay entities."""
    parts, end = [], 0
    for tag in _TAG.finditer(html):
        slash, name, rest = tag[1], tag[2].lower(), tag[3]
        if name in _MEANT:
            parts += [_as_text(html[end : tag.start()]), f"<{slash}{_SAME.get(name, name)}{rest}>"]
            end = tag.end()
    return "".join([*parts, _as_text(html[end:])])


def _as_text(html: str) -> str:
    return html.replace("<", "&lt;").replace(">", "&gt;")


def _words(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return " "
    return _without_tags(token.content) if token.type == "html_inline" else token.content


def _without_tags(html: str) -> str:
    """The text of a piece of HTML, where a known tag is nothing and any other is what was typed."""
    return unescape(re.sub("<[^<>]*>", "", _known_tags(html).replace("<br", " <br")))


def _link_images(token: Token) -> None:
    """Put a link with the image's description in its place; inside a link, only the description."""
    children: list[Token] = []
    inside_link = False
    for child in token.children or ():
        inside_link = child.type == "link_open" or (inside_link and child.type != "link_close")
        if child.type != "image":
            children.append(child)
            continue
        source = str(child.attrs.get("src", ""))
        words = Token("text", "", 0, content=child.content or source)
        if inside_link:
            children.append(words)
        else:
            children += [Token("link_open", "a", 1, attrs={"href": source}), words, Token("link_close", "a", -1)]
    if token.children is not None:
        token.children = children
