"""Keys: the secret is seen once, and what is revoked never works again."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from psycopg import sql

from apps.accounts.access import Actor
from apps.accounts.models import AuditEvent
from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.models import Change
from apps.keys import secret, services
from apps.keys.models import ApiKey
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from tests.factories.actors import make_actor
from tests.factories.keys import ApiKeyFactory
from tests.factories.subscriptions import SubscriptionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob() -> Actor:
    return make_actor()


@pytest.fixture
def subscription(bob: Actor) -> Subscription:
    return SubscriptionFactory(organization=bob.organization)


class TestCreate:
    def test_a_key_that_can_be_found_by_its_secret(self, bob: Actor, subscription: Subscription) -> None:
        key, text = services.create_key(actor=bob, subscription=subscription, name="  my   server ")
        assert secret.is_well_formed(text)
        found = ApiKey.objects.get(digest=secret.digest(text))
        assert found == key
        assert (found.name, found.subscription, found.created_by) == ("my server", subscription, bob.user)
        assert (found.revoked_at, found.expires_at) == (None, None)
        assert text.startswith(found.prefix)
        assert text.endswith(found.last4)
        assert str(found) == f"{text[:12]}…{text[-4:]}"
        assert Change.objects.filter(topic=f"key:{key.pk}").exists()

    def test_the_secret_is_stored_nowhere(self, bob: Actor, subscription: Subscription) -> None:
        _key, text = services.create_key(actor=bob, subscription=subscription, name="server")
        query = sql.SQL("SELECT count(*) FROM {} AS line WHERE line::text LIKE %s")
        tables = connection.introspection.table_names()
        assert ApiKey._meta.db_table in tables
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(query.format(sql.Identifier(table)), [f"%{text[12:-4]}%"])
                assert cursor.fetchone() == (0,), table
        assert AuditEvent.objects.get(action="key.created").summary.startswith("Created the key server (af_live_")

    @pytest.mark.parametrize("name", ["", " ", "x" * 61, "a\x00b", "a\u202eb", None, 5, "\ud800", b"key"])
    def test_a_name_that_cannot_be_read_is_refused(self, bob: Actor, subscription: Subscription, name: Any) -> None:
        with pytest.raises(Invalid) as refused:
            services.create_key(actor=bob, subscription=subscription, name=name)
        assert refused.value.field == "name"
        assert not ApiKey.objects.exists()

    def test_it_expires_in_the_future(self, bob: Actor, subscription: Subscription) -> None:
        now = clock.now()
        for wrong in (now - dt.timedelta(seconds=1), now, dt.datetime(2999, 1, 1)):  # noqa: DTZ001 - without a zone
            with pytest.raises(Invalid) as refused:
                services.create_key(actor=bob, subscription=subscription, name="x", expires_at=wrong)
            assert refused.value.field == "expires_at"
        tomorrow = now + dt.timedelta(days=1)
        key, _ = services.create_key(actor=bob, subscription=subscription, name="x", expires_at=tomorrow)
        assert key.expires_at == tomorrow

    def test_not_for_a_canceled_subscription(self, bob: Actor, subscription: Subscription) -> None:
        Subscription.objects.update(status=SubscriptionStatus.CANCELED)  # the caller's copy is an old one
        with pytest.raises(Conflict, match="canceled"):
            services.create_key(actor=bob, subscription=subscription, name="x")

    def test_not_for_others(self, subscription: Subscription) -> None:
        creator = make_actor(subscription.product.organization)
        for other in (creator, make_actor()):
            with pytest.raises(NotFound):
                services.create_key(actor=other, subscription=subscription, name="x")
        assert not ApiKey.objects.exists()

    def test_so_many_that_work(self, bob: Actor, subscription: Subscription, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services, "KEYS_MAX", 2)
        now = clock.now()
        ApiKeyFactory(subscription=subscription, revoked_at=now)
        ApiKeyFactory(subscription=subscription, expires_at=now - dt.timedelta(seconds=1))
        ApiKeyFactory()  # of another subscription
        for _ in range(2):
            services.create_key(actor=bob, subscription=subscription, name="x")
        with pytest.raises(Conflict, match="2 working keys"):
            services.create_key(actor=bob, subscription=subscription, name="x")


class TestRevoke:
    def test_for_good(self, bob: Actor, subscription: Subscription) -> None:
        key = ApiKeyFactory(subscription=subscription)
        revoked = services.revoke_key(actor=bob, key=key)
        assert revoked.is_revoked
        first = revoked.revoked_at
        assert Change.objects.filter(topic=f"key:{key.pk}").count() == 1
        again = services.revoke_key(actor=bob, key=key)
        assert again.revoked_at == first
        assert AuditEvent.objects.filter(action="key.revoked").count() == 1

    def test_of_a_canceled_subscription_too(self, bob: Actor, subscription: Subscription) -> None:
        Subscription.objects.update(status=SubscriptionStatus.CANCELED)
        assert services.revoke_key(actor=bob, key=ApiKeyFactory(subscription=subscription)).is_revoked

    def test_not_by_others(self, subscription: Subscription) -> None:
        key = ApiKeyFactory(subscription=subscription)
        for other in (make_actor(subscription.product.organization), make_actor()):
            with pytest.raises(NotFound):
                services.revoke_key(actor=other, key=key)
        key.refresh_from_db()
        assert not key.is_revoked

    def test_a_key_that_claims_another_subscription_is_not_found(self, bob: Actor, subscription: Subscription) -> None:
        foreign = ApiKeyFactory()
        claimed = ApiKey(pk=foreign.pk, subscription=subscription)
        with pytest.raises(NotFound):
            services.revoke_key(actor=bob, key=claimed)
        foreign.refresh_from_db()
        assert not foreign.is_revoked
