"""Reads of keys: those of a subscription, without their digests."""

import datetime as dt
from typing import Any

import pytest

from apps.core.errors import NotFound
from apps.keys import selectors
from tests.factories.accounts import UserFactory
from tests.factories.keys import ApiKeyFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.queries import assert_flat

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def test_those_of_the_subscription_without_digests() -> None:
    key = ApiKeyFactory()
    ApiKeyFactory()
    (found,) = selectors.list_keys(key.subscription)
    assert found == key
    assert "digest" in found.get_deferred_fields()


def test_those_that_are_not_revoked_first_the_newest_at_the_top() -> None:
    subscription = SubscriptionFactory()
    old = ApiKeyFactory(subscription=subscription)
    revoked = ApiKeyFactory(subscription=subscription, revoked_at=NOW)
    revoked_later = ApiKeyFactory(subscription=subscription, revoked_at=NOW + dt.timedelta(days=1))
    new = ApiKeyFactory(subscription=subscription)
    assert list(selectors.list_keys(subscription)) == [new, old, revoked_later, revoked]


def test_a_key_of_another_subscription_is_not_found() -> None:
    key, foreign = ApiKeyFactory(), ApiKeyFactory()
    assert selectors.get_key(key.subscription, public_id=key.public_id) == key
    for public_id in (foreign.public_id, "", "\x00", "\ud800", "key_" + "x" * 100_000):
        with pytest.raises(NotFound):
            selectors.get_key(key.subscription, public_id=public_id)


def test_a_long_list_costs_no_more_queries() -> None:
    subscription = SubscriptionFactory()

    def grow(number: int) -> None:
        for _ in range(number):
            ApiKeyFactory(subscription=subscription, created_by=UserFactory())

    def read() -> list[Any]:
        return [
            (str(key), key.name, key.created_by and key.created_by.email) for key in selectors.list_keys(subscription)
        ]

    assert_flat(grow, read)
