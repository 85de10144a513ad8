"""Words without their secrets: assignments to a secret's name, addresses, options of commands, keys of ours."""

import re
import unicodedata
from urllib.parse import unquote_plus

from apps.gateway.engine.observation.secret_names import (
    REDACTED,
    is_holding,
    is_naming,
    is_secret,
    is_secret_parameter,
)
from apps.keys.secret import TRACE

# `password=…`, `Card number: …`, `"password" => …`. A word is looked at three times at most.
_NAME = re.compile(
    r"(?<![\w.-])(?P<name>(?:[\w.-]++[ \t]){0,2}(?P<word>[\w.-]++))"
    r"[\"'\]\\]{0,4}\s*+(?P<is>=>|:=|={1,3}|:|：)(?P<gap>\s*+)"
)
_QUOTED = re.compile(r"\"(?:[^\"\\]++|\\.)*+\"?|'(?:[^'\\]++|\\.)*+'?", re.DOTALL)
_COLONS = (":", "：")
_REST_OF_LINE = re.compile(r"[^\n]*+")
_ONE_WORD = re.compile(r"(?:(?:bearer|basic|digest|token)\s++)?+[^\s&<>]*+", re.IGNORECASE)
_SAID_NAME = re.compile(r"[\"'\\]{0,4}([\w.-]++)")
# A value that goes on behind its line.
_LONG = ("{", "[", "(", "|", ">", "\\")
# Parameters of an address that stands in a text.
_URL_PAIRS = re.compile(r"(?<=[?&;#])[^\s=&;#\"'<>]{1,100}=[^\s&#\"'<>]+")
_ESCAPES_MAX = 3
# Who an address logs in as, and with what: `postgres://user:password@host`.
_USERINFO = re.compile(r"(?<=://)(?:[^\s/?#\"'<>]+|[^\s/?#\"'<>:@]{0,100}:(?!\d+/)[^\s\"'<>@]{1,300})(?=@)")
# An option of a command with its value: `--password x`, `-u user:password`.
_OPTION = re.compile(r"(?<![\w-])(--?[A-Za-z][\w-]*+)([ \t]++|=)((?!-)(?:\"[^\"]*+\"?|'[^']*+'?|[^\s\"']++)++)")
_LOGIN = re.compile(r"-[A-Za-z]*[uU]|--(?:proxy-)?user")
# The same in one word: `-uuser:password`.
_LOGIN_IN_ONE = re.compile(r"(?<![\w-])(-[A-Za-z]?u)([^\s:-][^\s:]*+:(?!//)\S++)")
_PRIVATE_KEY = re.compile(r"(-----BEGIN [^-\n]{0,40}+(?<=PRIVATE KEY)-----).*?(?=-----END|\Z)", re.DOTALL)


def redacted_words(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = _URL_PAIRS.sub(_redacted_url_pairs, text)
    if "@" in text:
        text = _USERINFO.sub(REDACTED, text)
    if "-" in text:
        text = _OPTION.sub(_redacted_option, text)
        text = _LOGIN_IN_ONE.sub(rf"\1{REDACTED}", text)
        text = _PRIVATE_KEY.sub(rf"\1{REDACTED}", text)
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
    return TRACE.sub(REDACTED, "".join([*kept, text[at:]]))


def _end_of_value(text: str, name: "re.Match[str]") -> int:
    at = name.end()
    if text.startswith(REDACTED, at):
        return at + len(REDACTED)
    if quoted := _QUOTED.match(text, at):
        return quoted.end()
    if text.startswith(_LONG, at) or "\n" in name["gap"]:
        return len(text)
    value = (_REST_OF_LINE if name["is"] in _COLONS else _ONE_WORD).match(text, at)
    return value.end() if value else at


def _redacted_option(found: "re.Match[str]") -> str:
    option, between, value = found.groups()
    is_login = ":" in value and _LOGIN.fullmatch(option) is not None
    return f"{option}{between}{REDACTED}" if is_login or is_secret(option) else found[0]


def _redacted_url_pairs(found: "re.Match[str]") -> str:
    """To some, a semicolon parts pairs; to most it is text."""
    kept = []
    for pair in found[0].split(";"):
        name, equals, value = pair.partition("=")
        if equals and (is_secret_parameter(unquote_plus(name)) or ("%" in value and _hides_a_secret(value))):
            kept.append(f"{name}={REDACTED}")
            break
        kept.append(pair)
    return ";".join(kept)


def _hides_a_secret(escaped: str) -> bool:
    """Whether an address within an address has one."""
    for _ in range(_ESCAPES_MAX):
        escaped = unquote_plus(escaped)
        pairs = [part.partition("=") for part in re.split("[?&;#]", escaped)]
        if any(equals and is_secret_parameter(name) for name, equals, _ in pairs):
            return True
    return False
