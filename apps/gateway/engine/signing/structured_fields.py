"""Dictionaries of structured fields (RFC 9651), strictly: what is not exactly one is refused.

Without decimals, dates and display strings, which no field has that is read here.
"""

import base64
import binascii
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    text: str


# A token is written without quotes, and is no string.
Bare = int | str | bytes | bool | Token
Parameters = dict[str, Bare]

_KEY = re.compile(r"[a-z*][a-z0-9_\-.*]*")
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BYTES = re.compile(r":([A-Za-z0-9+/]*={0,2}):")
_INTEGER = re.compile(r"-?[0-9]{1,15}(?![0-9.])")
_TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*")
_BOOLEAN = re.compile(r"\?([01])")
_COMMA = re.compile(r"[ \t]*,[ \t]*(?=[a-z*])")


class FieldSyntaxError(ValueError):
    """The text is no such field."""


@dataclass(frozen=True, slots=True)
class Item:
    value: Bare
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class InnerList:
    items: tuple[Item, ...]
    parameters: Parameters


def parse_dictionary(text: str) -> dict[str, Item | InnerList]:
    """The members in their order. Raises `FieldSyntaxError`, also for a key that comes twice."""
    reader = _Reader(text.strip(" "))
    members: dict[str, Item | InnerList] = {}
    while True:
        key = reader.take(_KEY)
        if key in members:
            raise FieldSyntaxError(f"{key} comes twice")
        members[key] = reader.member() if reader.skip("=") else Item(value=True, parameters=reader.parameters())
        if reader.is_at_end:
            return members
        reader.take(_COMMA)


def serialize(value: Item | InnerList) -> str:
    """The one way to write it."""
    if isinstance(value, InnerList):
        return f"({' '.join(map(serialize, value.items))}){_parameters(value.parameters)}"
    return _bare(value.value) + _parameters(value.parameters)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._text)

    def skip(self, text: str) -> bool:
        found = self._text.startswith(text, self._at)
        self._at += len(text) if found else 0
        return found

    def take(self, pattern: re.Pattern[str]) -> str:
        return self._match(pattern)[0]

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise FieldSyntaxError(f"not readable at character {self._at}")
        self._at = match.end()
        return match

    def _spaces(self) -> bool:
        before = self._at
        while self.skip(" "):
            pass
        return self._at > before

    def member(self) -> Item | InnerList:
        if not self.skip("("):
            return self._item()
        items: list[Item] = []
        self._spaces()
        while not self.skip(")"):
            items.append(self._item())
            if not self._spaces() and not self._text.startswith(")", self._at):
                raise FieldSyntaxError(f"not readable at character {self._at}")
        return InnerList(tuple(items), self.parameters())

    def _item(self) -> Item:
        return Item(self._value(), self.parameters())

    def parameters(self) -> Parameters:
        parameters: Parameters = {}
        while self.skip(";"):
            self._spaces()
            key = self.take(_KEY)
            if key in parameters:
                raise FieldSyntaxError(f"the parameter {key} comes twice")
            parameters[key] = self._value() if self.skip("=") else True
        return parameters

    def _value(self) -> Bare:
        first = self._text[self._at : self._at + 1]
        if first == '"':
            return re.sub(r"\\(.)", r"\1", self._match(_STRING)[1])
        if first == ":":
            try:
                return base64.b64decode(self._match(_BYTES)[1], validate=True)
            except binascii.Error:
                raise FieldSyntaxError("no Base64") from None
        if first == "?":
            return self._match(_BOOLEAN)[1] == "1"
        if first.isdigit() or first == "-":
            return int(self.take(_INTEGER))
        return Token(self.take(_TOKEN))


def _parameters(parameters: Parameters) -> str:
    return "".join(f";{key}" if value is True else f";{key}={_bare(value)}" for key, value in parameters.items())


def _bare(value: Bare) -> str:
    match value:
        case bool():
            return "?1" if value else "?0"
        case int():
            return str(value)
        case bytes():
            return f":{base64.b64encode(value).decode()}:"
        case Token():
            return value.text
        case _:
            escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
