"""XML and HTML without their secrets: what stands within an element whose name, or whose attribute, names one."""

import html
import re
from collections.abc import Callable

from apps.gateway.engine.observation.secret_names import REDACTED, is_holding, is_naming, is_secret

# Each of these ends, if need be with the text: nothing is looked at twice.
_TOKEN = re.compile(
    r"<!--(?P<comment>.*?)(?:-->|\Z)"
    r"|<!\[CDATA\[(?P<cdata>.*?)(?:\]\]>|\Z)"
    r"|<(?P<close>/?)(?P<name>[^\W\d][\w:.-]*+)(?=[\s>\"']|/>|/?\Z)"
    r"(?P<attributes>(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)(?P<end>>?)"
    r"|(?P<other><[!?][^>]*+>?)"
    r"|(?P<text><?[^<]*+)",
    re.DOTALL,
)
_ATTRIBUTE = r"([^\s=\"'/<>]++)(?:(\s*+=\s*+)(\"[^\"]*+\"|'[^']*+'|[^\s\"'<>]++))?+"
_ATTRIBUTES = re.compile(rf"(?:\s*+{_ATTRIBUTE})*+\s*+(?P<alone>/?)")
_WORDS_MAX, _NAME_LENGTH_MAX = 3, 200  # of a name
_ONE_ATTRIBUTE = re.compile(_ATTRIBUTE)
# Elements of HTML that have no end.
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)


def redacted_markup(text: str, inner: Callable[[str], str], *, is_html: bool = False) -> str:
    """`inner` takes the secrets out of what stands between tags. What no parser would be sure of takes all along."""
    return _Markup(inner, is_html=is_html).over(text)


class _Markup:
    def __init__(self, inner: Callable[[str], str], *, is_html: bool) -> None:
        self._inner = inner
        self._is_html = is_html
        self._kept: list[str] = []
        # The element that is left out, and how many of its name are open.
        self._hidden = ""
        self._depth = 0
        # A name was said whose value follows: how many elements are open since, or None.
        self._named: int | None = None
        self._is_naming = False  # this element may say a name
        self._last = ""  # the element that ended last
        self._is_asked = False  # words said a name whose value is what comes next: `Password: <b>…</b>`

    def over(self, text: str) -> str:
        for found in _TOKEN.finditer(text):
            if found["name"] is None:
                self._words(found)
                if self._is_naming and self._says_a_secret(found["cdata"] or found["text"] or ""):
                    if is_holding(self._last):
                        return REDACTED  # the value has passed already
                    self._named = 0 if self._hidden else 1
                continue
            attributes = _ATTRIBUTES.fullmatch(found["attributes"])
            if attributes is None or not found["end"]:  # cut off, or not what it looks like
                self._kept.append(REDACTED)
                break
            if found["close"]:
                self._closing(found[0], found["name"])
            else:
                is_alone = bool(attributes["alone"]) or (self._is_html and found["name"].lower() in _VOID)
                self._opening(found["name"], found["attributes"], is_alone=is_alone)
        return "".join(self._kept)

    def _words(self, found: "re.Match[str]") -> None:
        """What stands between tags."""
        whole = found[0]
        if self._hidden or not whole:
            return
        if self._named is not None:
            if whole.strip() and self._kept[-1] != REDACTED:
                self._kept.append(REDACTED)
        elif self._is_asked and whole.strip():
            self._is_asked = False
            self._kept.append(REDACTED)
        elif found["comment"] is not None:
            self._kept.append(f"<!--{self._inner(found['comment'])}-->")
        elif found["cdata"] is not None:
            self._kept.append(f"<![CDATA[{self._inner(found['cdata'])}]]>")
        elif found["other"] is not None:
            self._kept.append(f"<!{REDACTED}>" if "<!ENTITY" in whole else f"<{self._inner(whole[1:])}")
        else:
            start = "<" if whole.startswith("<") else ""
            self._kept.append(start + _through(self._inner, whole[len(start) :]))
            self._is_asked = self._is_asked or self._asks(whole)

    def _says_a_secret(self, words: str) -> bool:
        return is_secret(html.unescape(words).strip())

    def _asks(self, words: str) -> bool:
        """Whether words end like `Password:`, or are all of a heading or label that says it."""
        plain = html.unescape(words[-_NAME_LENGTH_MAX:]).strip()
        if plain.endswith((":", "=", "：")):
            return is_secret(" ".join(plain[:-1].split()[-_WORDS_MAX:]))
        return self._is_html and len(plain.split()) <= _WORDS_MAX and is_secret(plain)

    def _opening(self, name: str, attributes: str, *, is_alone: bool) -> None:
        if self._hidden:
            self._depth += name == self._hidden and not is_alone
            return
        local = name.rpartition(":")[2]
        self._is_naming = is_naming(local) and not is_alone
        end = "/>" if attributes.endswith("/") else ">"
        if is_secret(local):
            self._hide(
                f"<{name} {REDACTED}{end}" if attributes.strip(" /") else f"<{name}{end}", name, is_alone=is_alone
            )
        elif (said := self._said(attributes)) is not None:
            self._hide(f"<{name} {said} {REDACTED}{end}", name, is_alone=is_alone)
        elif self._named is not None:
            self._named += not is_alone
            self._kept.append(f"<{name}{end}")
        else:
            self._kept.append(f"<{name}{_ONE_ATTRIBUTE.sub(self._attribute, attributes)}>")

    def _said(self, attributes: str) -> str | None:
        """The attribute that says a secret's name."""
        for found in _ONE_ATTRIBUTE.finditer(attributes):
            name = found[1].rpartition(":")[2]
            if found[3] and (is_naming(name) or name == "type") and self._says_a_secret(found[3]):
                return found[0]
        return None

    def _attribute(self, found: "re.Match[str]") -> str:
        value = found[3]
        if not value:
            return found[0]
        if is_secret(found[1]):
            return f'{found[1]}{found[2]}"{REDACTED}"'
        bare = value[1:-1] if value[0] in "\"'" else value
        kept = _through(self._inner, bare)
        return found[0] if kept == bare else f'{found[1]}{found[2]}"{html.escape(html.unescape(kept))}"'

    def _hide(self, tag: str, name: str, *, is_alone: bool) -> None:
        self._kept.append(tag)
        if not is_alone:
            self._kept.append(REDACTED)
            self._hidden, self._depth = name, 1

    def _closing(self, tag: str, name: str) -> None:
        if self._hidden:
            self._depth -= name == self._hidden
            if self._depth:
                return
            self._hidden = ""
        elif self._named is not None:
            self._named -= 1
            if self._named < 0:  # the element around name and value
                self._named = None
        self._is_naming, self._last = False, name.rpartition(":")[2]
        self._kept.append(tag)


def _through(inner: Callable[[str], str], escaped: str) -> str:
    plain = html.unescape(escaped)
    kept = inner(plain)
    return escaped if kept == plain else html.escape(kept, quote=False)
