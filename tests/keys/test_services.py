"""Keys: the secret is seen once, and what is revoked never works again."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import IntegrityError, connection
from psycopg import sql

from apps.accounts.access import Actor
from apps.accounts.models import AuditEvent
from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.models import Change
from apps.keys import secret, services
from apps.keys.enums import KeyScope
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

    def test_restricts_nothing_by_itself(self, bob: Actor, subscription: Subscription) -> None:
        key, _ = services.create_key(actor=bob, subscription=subscription, name="x")
        key.refresh_from_db()
        assert (key.scopes, key.allowed_networks) == ([], [])

    @pytest.mark.parametrize(
        ("scopes", "stored"),
        [(["read"], ["read"]), (("write", "read", "write"), ["read", "write"]), ([KeyScope.WRITE], ["write"])],
    )
    def test_scopes_are_stored_once_each(
        self, bob: Actor, subscription: Subscription, scopes: Sequence[str], stored: list[str]
    ) -> None:
        key, _ = services.create_key(actor=bob, subscription=subscription, name="x", scopes=scopes)
        key.refresh_from_db()
        assert key.scopes == stored

    @pytest.mark.parametrize(
        "scopes", ["read", None, 5, {"read"}, ["admin"], ["READ"], ["read", ""], [None], [["read"]], ["read\x00"]]
    )
    def test_other_scopes_are_refused(self, bob: Actor, subscription: Subscription, scopes: Any) -> None:
        with pytest.raises(Invalid) as refused:
            services.create_key(actor=bob, subscription=subscription, name="x", scopes=scopes)
        assert refused.value.field == "scopes"
        assert not ApiKey.objects.exists()

    def test_the_database_refuses_other_scopes_too(self) -> None:
        with pytest.raises(IntegrityError, match="api_key_scopes_known"):
            ApiKeyFactory(scopes=["admin"])

    @pytest.mark.parametrize(
        ("given", "stored"),
        [
            ("203.0.113.7", "203.0.113.7/32"),
            (" 203.0.113.0/24 ", "203.0.113.0/24"),
            ("203.0.113.0/255.255.255.0", "203.0.113.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8:0::1", "2001:db8::1/128"),
            ("2001:0db8::/32", "2001:db8::/32"),
            ("::/0", "::/0"),
            ("::ffff:203.0.113.7", "203.0.113.7/32"),
            ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"),
        ],
    )
    def test_networks_are_stored_in_one_form(
        self, bob: Actor, subscription: Subscription, given: str, stored: str
    ) -> None:
        key, _ = services.create_key(
            actor=bob, subscription=subscription, name="x", allowed_networks=[given, stored, given]
        )
        key.refresh_from_db()
        assert key.allowed_networks == [stored]

    @pytest.mark.parametrize(
        "networks",
        [
            "10.0.0.0/8",
            None,
            {"10.0.0.0/8"},
            [b"\x0a\x00\x00\x00"],
            [167772160],
            [("10.0.0.0", 8)],
            [None],
            [""],
            ["10.0.0.0/8", " "],
            ["10.0.0.0/33"],
            ["10.0.0.0/-1"],
            ["10.0.0.0/"],
            ["10.0.0.0/8/8"],
            ["10.0.0.0 /8"],
            ["010.0.0.1"],
            ["10.0.0"],
            ["1.2.3.4:80"],
            ["١.٢.٣.٤"],
            ["example.com"],
            ["*"],
            ["::/129"],
            ["[::1]"],
            ["fe80::1%eth0"],
            ["fe80::%eth0/64"],
            ["10.0.0.0/8\x00"],
            ["10.0.0.0/8\u202e"],
            ["\ud800"],
            ["1" * 100_000],
            ["10.0.0.0/" + "9" * 49],
        ],
    )
    def test_what_is_no_network_is_refused(self, bob: Actor, subscription: Subscription, networks: Any) -> None:
        with pytest.raises(Invalid) as refused:
            services.create_key(actor=bob, subscription=subscription, name="x", allowed_networks=networks)
        assert refused.value.field == "allowed_networks"
        assert len(refused.value.message) < 300
        assert not ApiKey.objects.exists()

    def test_an_address_inside_of_a_network_is_not_guessed(self, bob: Actor, subscription: Subscription) -> None:
        with pytest.raises(Invalid, match=re.escape("Give 10.0.0.0/8 or 10.0.0.5.")):
            services.create_key(actor=bob, subscription=subscription, name="x", allowed_networks=["10.0.0.5/8"])

    def test_so_many_networks(self, bob: Actor, subscription: Subscription) -> None:
        networks = [f"10.0.{number}.0/24" for number in range(51)]
        with pytest.raises(Invalid, match="50 networks at most") as refused:
            services.create_key(actor=bob, subscription=subscription, name="x", allowed_networks=networks)
        assert refused.value.field == "allowed_networks"
        key, _ = services.create_key(actor=bob, subscription=subscription, name="x", allowed_networks=networks[:50])
        assert key.allowed_networks == networks[:50]

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
