"""Words without their secrets: assignments to a secret's name, addresses, options of commands, keys of ours."""

import re
from urllib.parse import unquote_plus

from apps.gateway.engine.observation.secret_names import (
    REDACTED,
    is_holding,
    is_naming,
    is_secret,
    is_secret_parameter,
)
from apps.keys.secret import PATTERN

# `password=…`, `Card number: …`, `"password" => …`. A word is looked at twice at most.
_NAME = re.compile(
    r"(?<![\w.-])(?P<name>(?:[\w.-]++[ \t])?(?P<word>[\w.-]++))[\"'\]\\]{0,4}\s*+(?P<is>=>|:=|={1,3}|:)(?P<gap>\s*+)"
)
_QUOTED = re.compile(r"\"(?:[^\"\\]++|\\.)*+\"?|'(?:[^'\\]++|\\.)*+'?", re.DOTALL)
_REST_OF_LINE = re.compile(r"[^\n]*+")
_ONE_WORD = re.compile(r"(?:(?:bearer|basic|digest|token)\s++)?+[^\s&<>]*+", re.IGNORECASE)
_SAID_NAME = re.compile(r"[\"'\\]{0,4}([\w.-]++)")
# A value that goes on behind its line.
_LONG = ("{", "[", "(", "|", ">", "\\")
# A parameter of an address that stands in a text.
_URL_PAIR = re.compile(r"(?<=[?&;#])([^\s=&;#\"'<>]{1,100})=([^\s&;#\"'<>]+)")
# Who an address logs in as, and with what: `postgres://user:password@host`.
_USERINFO = re.compile(r"(?<=://)[^\s/?#\"'<>]+(?=@)")
# An option of a command with its value: `--password x`, `-u user:password`.
_OPTION = re.compile(r"(?<![\w-])(--?[A-Za-z][\w-]*+)([ \t]++|=)(\"[^\"]*+\"?|'[^']*+'?|[^\s\"'-]\S*+)")
_LOGINS = frozenset({"-u", "-U", "--user", "--proxy-user"})


def redacted_words(text: str) -> str:
    text = _URL_PAIR.sub(_redacted_url_pair, text)
    if "@" in text:
        text = _USERINFO.sub(REDACTED, text)
    if "-" in text:
        text = _OPTION.sub(_redacted_option, text)
    kept, at, names_one, holds_one = [], 0, False, False
    while found := _NAME.search(text, at):
        kept.append(text[at : found.end()])
        at = found.end()
        if is_naming(found["word"]) and (said := _SAID_NAME.match(text, at)):
            names_one = names_one or is_secret(said[1])
        holds_one = holds_one or is_holding(found["word"])
        if is_secret(found["name"]):
            kept.append(REDACTED)
            at = _end_of_value(text, found)
    if names_one and holds_one:  # a name in one place and its value in another
        return REDACTED
    return PATTERN.sub(REDACTED, "".join([*kept, text[at:]]))


def _end_of_value(text: str, name: "re.Match[str]") -> int:
    at = name.end()
    if text.startswith(REDACTED, at):
        return at + len(REDACTED)
    if quoted := _QUOTED.match(text, at):
        return quoted.end()
    if text.startswith(_LONG, at) or "\n" in name["gap"]:
        return len(text)
    value = (_REST_OF_LINE if name["is"] == ":" else _ONE_WORD).match(text, at)
    return value.end() if value else at


def _redacted_option(found: "re.Match[str]") -> str:
    option, between, value = found.groups()
    is_login = option in _LOGINS and ":" in value
    return f"{option}{between}{REDACTED}" if is_login or is_secret(option) else found[0]


def _redacted_url_pair(found: "re.Match[str]") -> str:
    return f"{found[1]}={REDACTED}" if is_secret_parameter(unquote_plus(found[1])) else found[0]
