"""A key as the console shows it: its state, and how it is used."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from apps.keys.models import ApiKey
from apps.subscriptions.models import Subscription
from apps.usage.selectors import KeyStatistics, key_statistics


@dataclass(frozen=True)
class KeyRow:
    """`state` is one that `apps.portal.states` knows; `successor` is the key that took its place."""

    key: ApiKey
    state: str
    used: KeyStatistics
    successor: ApiKey | None

    @property
    def can_be_rotated(self) -> bool:
        return self.state == "key_active"


def key_rows(subscription: Subscription, keys: Iterable[ApiKey], now: dt.datetime) -> list[KeyRow]:
    """One for each key of the subscription, in the same order; the keys come as `list_keys` gives them."""
    keys = list(keys)
    used = key_statistics(subscription, keys, now)
    return [KeyRow(key, _state(key, now), used[key.pk], _successor(key)) for key in keys]


def _successor(key: ApiKey) -> ApiKey | None:
    successor: ApiKey | None = getattr(key, "rotated_to", None)
    return successor


def _state(key: ApiKey, now: dt.datetime) -> str:
    if key.is_revoked:
        return "key_revoked"
    if not key.works_at(now):
        return "key_expired"
    return "key_ending" if _successor(key) else "key_active"
