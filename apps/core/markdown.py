"""Markdown that people write, as HTML that is safe to show to others.

CommonMark with tables and strikethrough; HTML in the source is shown as text. Images become links, because a page
loads nothing from other hosts.
"""

from functools import cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAGS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
# The page has its own h1 above the text.
_HEADING_SHIFT = 1


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def render(text: str) -> SafeString:
    """The text as HTML with headings from h2 down; links open without a referrer and lend no rank."""
    parser = _parser()
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + _HEADING_SHIFT)}"
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


def _words(token: Token) -> str:
    return " " if token.type in ("softbreak", "hardbreak") else token.content


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
