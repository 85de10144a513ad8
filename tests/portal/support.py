"""What the tests of pages share."""

import itertools
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from html.parser import HTMLParser
from typing import Any, TypeVar
from urllib.parse import quote

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.enums import Role
from apps.accounts.models import Organization, User
from tests.factories.accounts import MembershipFactory, OrganizationFactory

# Values that no form or address should fall over.
HOSTILE = [
    "", " ", "\x00", "a\x00b", "'", '"><script>alert(1)</script>', "%00", "%", "{{ 7|add:7 }}", "../../etc/passwd",
    "-1", "0", "1e9", "9" * 5000, "NaN", "inf", "٣", "null", "true", "[]", "é" * 300, "x" * 20_000, "\u202e", "😀",
    "0001-01-01", "9999-12-31", "2025-02-30", "2025-13-01", "10000-01-01", "99999999999999999999",
]  # fmt: skip

# Those that can stand in one segment of a path.
HOSTILE_SEGMENTS = [quote(value, safe="") for value in HOSTILE if value.strip("./ ") and "/" not in value]

Field = TypeVar("Field")
Value = TypeVar("Value")


def each_once(fields: Sequence[Field], values: Sequence[Value]) -> Iterator[tuple[Field, Value]]:
    """Pairs in which every field stands at least once; of the values a third, another one for other fields.

    Over the pages of a test every value has its turn.
    """
    thinned = values[zlib.crc32(repr(fields).encode()) % 3 :: 3]
    for number in range(max(len(fields), len(thinned)) if fields else 0):
        yield fields[number % len(fields)], thinned[number % len(thinned)]


Pairs = Callable[[Sequence[Any], Sequence[Any]], Iterable[tuple[Any, Any]]]
# Which fields are given which values: some pairs in every run, all of them in the long one.
pairings = pytest.mark.parametrize(
    "pairs",
    [
        pytest.param(each_once, id="each once"),
        pytest.param(itertools.product, id="every pair", marks=pytest.mark.long),
    ],
)


def share(values: Sequence[Value], pairs: Pairs, number: int) -> Sequence[Value]:
    """A sixth of the values, each time another by its number; all of them in the long run."""
    return values if pairs is itertools.product else values[number % 6 :: 6]


def member(role: str = Role.OWNER, **fields: str) -> tuple[Organization, User]:
    """An organization with one member."""
    membership = MembershipFactory(organization=OrganizationFactory(**fields), role=role)
    return membership.organization, membership.user


def count_queries(client: Client, url: str) -> int:
    """How many queries the page makes, asked a second time so that nothing is counted that happens once.

    The clock's own is left out: it is made every two seconds, whichever page comes then.
    """
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200
    return sum("core_sandboxclock" not in query["sql"] for query in captured.captured_queries)


def text_of(response: HttpResponse) -> str:
    """The words of a page as they stand on the screen, with white space made one space."""
    parser = _Text()
    parser.feed(response.content.decode())
    return " ".join("".join(parser.pieces).split())


def words(client: Client, url: str, **params: str) -> str:
    """The words of the page at this address."""
    return text_of(client.get(url, params))


def links_of(response: HttpResponse) -> set[str]:
    """Where the links of a page lead."""
    parser = _Text()
    parser.feed(response.content.decode())
    return parser.links


# These do not part words; every other element does.
_INLINE = {"a", "b", "code", "em", "kbd", "span", "strong", "time"}


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        self._part(tag)
        values = dict(attrs)
        if tag == "a" and values.get("href"):
            self.links.add(str(values["href"]))

    def handle_endtag(self, tag: str) -> None:
        self._part(tag)

    def _part(self, tag: str) -> None:
        if tag not in _INLINE:
            self.pieces.append(" ")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)
