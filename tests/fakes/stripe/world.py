"""All that the fake server knows: accounts, and the objects of each. Plain JSON, so that a file can keep it."""

import json
import secrets
import string
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.fakes.stripe.errors import missing, no_such

API_VERSION = "2026-08-26.dahlia"
PLATFORM = "acct_1FakePlatform0000"
_ALPHABET = string.ascii_letters + string.digits

Object = dict[str, Any]


def random_id(prefix: str) -> str:
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(24))


class World:
    """`books[account][id]` is an object; insertion is creation, so that the newest is the last."""

    def __init__(self, *, base_url: str = "", availability_days: int = 0, file: Path | None = None) -> None:
        self.base_url = base_url
        # How long the money of a charge is pending before it is available.
        self.availability_days = availability_days
        self.file = file
        self.offset = 0.0
        # By how many seconds the clock of the product beside it is ahead, where this one follows that.
        self.ahead: Callable[[], float] = lambda: 0.0
        self.books: dict[str, dict[str, Object]] = {PLATFORM: {}}
        # What Stripe knows and never shows, by the id of what it is about: how a card behaves, where to return to.
        self.private: dict[str, Any] = {}
        self.saved_answers: dict[str, dict[str, Any]] = {}
        self.sequences: dict[str, int] = {}
        # Called with each new event and the account that it is of.
        self.on_event: Callable[[Object, str], None] = lambda event, account: None
        if file is not None and file.exists():
            self._load(json.loads(file.read_text()))

    # --- Time and names -----------------------------------------------------------------------------
    def now(self) -> int:
        return int(time.time() + self.ahead() + self.offset)

    def number(self, name: str) -> int:
        """1, 2, 3, …: a sequence of this name."""
        self.sequences[name] = self.sequences.get(name, 0) + 1
        return self.sequences[name]

    # --- Objects ------------------------------------------------------------------------------------
    def add(self, account: str, item: Object) -> Object:
        self.books.setdefault(account, {})[item["id"]] = item
        return item

    def find(self, account: str, id_: str, kind: str | None = None) -> Object | None:
        found = self.books.get(account, {}).get(id_)
        return found if found is not None and kind in (None, found["object"]) else None

    def get(self, account: str, id_: str, kind: str, *, param: str = "id") -> Object:
        """The object that the address names; 404 without it."""
        found = self.find(account, id_, kind)
        if found is None:
            raise missing(_spoken(kind), id_, param)
        return found

    def named(self, account: str, id_: str, kind: str, *, param: str) -> Object:
        """The object that a parameter names; 400 without it."""
        found = self.find(account, id_, kind)
        if found is None:
            raise no_such(_spoken(kind), id_, param)
        return found

    def of_kind(self, account: str, kind: str) -> Iterator[Object]:
        """The newest first."""
        return (item for item in reversed(list(self.books.get(account, {}).values())) if item["object"] == kind)

    def connected(self) -> Iterator[Object]:
        return (account for account in self.of_kind(PLATFORM, "account") if account["id"] != PLATFORM)

    # --- The file -----------------------------------------------------------------------------------
    def save(self) -> None:
        if self.file is None:
            return
        kept = {name: getattr(self, name) for name in ("offset", "books", "private", "saved_answers", "sequences")}
        partial = self.file.with_suffix(".partial")
        self.file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(kept))
        partial.replace(self.file)

    def _load(self, kept: dict[str, Any]) -> None:
        for name, value in kept.items():
            setattr(self, name, value)


def _spoken(kind: str) -> str:
    """As Stripe's messages call it."""
    return {"payment_method": "PaymentMethod"}.get(kind, kind)
