"""Modes, names, rotation, and the keys that the portal calls with."""

import datetime as dt
from typing import Any

import pytest

from apps.accounts.access import Actor
from apps.accounts.models import AuditEvent
from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.models import Change
from apps.keys import secret, services
from apps.keys.enums import KeyPurpose
from apps.keys.models import ApiKey
from apps.keys.selectors import get_key, list_expiring, list_keys
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from tests.factories.actors import make_actor
from tests.factories.keys import ApiKeyFactory
from tests.factories.subscriptions import SubscriptionFactory

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def subscription() -> Subscription:
    return SubscriptionFactory()


@pytest.fixture
def bob(subscription: Subscription) -> Actor:
    return make_actor(subscription.organization)


class TestMode:
    def test_a_test_key_says_so(self, bob: Actor, subscription: Subscription) -> None:
        key, text = services.create_key(actor=bob, subscription=subscription, name="x", mode="test")
        assert text.startswith("af_test_")
        assert key.is_test
        assert bytes(ApiKey.objects.get(pk=key.pk).digest) == secret.digest(text)

    @pytest.mark.parametrize("mode", ["", "TEST", None, 1])
    def test_there_is_no_other(self, bob: Actor, subscription: Subscription, mode: Any) -> None:
        with pytest.raises(Invalid):
            services.create_key(actor=bob, subscription=subscription, name="x", mode=mode)


class TestLifetime:
    def test_counts_from_now(self, bob: Actor, subscription: Subscription) -> None:
        key, _ = services.create_key(actor=bob, subscription=subscription, name="x", lifetime=30 * DAY)
        assert key.expires_at is not None
        assert abs(key.expires_at - clock.now() - 30 * DAY) < dt.timedelta(minutes=1)

    @pytest.mark.parametrize("lifetime", [dt.timedelta(), -DAY, 3651 * DAY])
    def test_is_some_time(self, bob: Actor, subscription: Subscription, lifetime: dt.timedelta) -> None:
        with pytest.raises(Invalid) as refused:
            services.create_key(actor=bob, subscription=subscription, name="x", lifetime=lifetime)
        assert refused.value.field == "lifetime"

    def test_is_no_second_date(self, bob: Actor, subscription: Subscription) -> None:
        with pytest.raises(Invalid, match="not both"):
            services.create_key(
                actor=bob, subscription=subscription, name="x", lifetime=DAY, expires_at=clock.now() + DAY
            )


class TestChange:
    def test_gives_another_name(self, bob: Actor, subscription: Subscription) -> None:
        key = ApiKeyFactory(subscription=subscription, name="old")
        for _ in range(2):
            assert services.change_key(actor=bob, key=key, name="  new  name ").name == "new name"
        assert ApiKey.objects.get().name == "new name"
        assert AuditEvent.objects.filter(action="key.renamed").count() == 1
        with pytest.raises(Invalid) as refused:
            services.change_key(actor=bob, key=key, name="\x00")
        assert refused.value.field == "name"
        with pytest.raises(NotFound):
            services.change_key(actor=make_actor(), key=key, name="mine")

    def test_lets_it_work_from_elsewhere(self, bob: Actor, subscription: Subscription) -> None:
        key = ApiKeyFactory(subscription=subscription, name="old", allowed_networks=["192.0.2.0/24"])
        for _ in range(2):
            changed = services.change_key(actor=bob, key=key, allowed_networks=["198.51.100.7", "2001:db8::/32"])
            assert (changed.name, changed.allowed_networks) == ("old", ["198.51.100.7/32", "2001:db8::/32"])
        assert Change.objects.filter(topic=f"key:{key.pk}").count() == 1
        event = AuditEvent.objects.get(action="key.networks_changed")
        assert event.summary == f"Let the key old ({key}) work from 198.51.100.7/32, 2001:db8::/32"
        with pytest.raises(Invalid) as refused:
            services.change_key(actor=bob, key=key, name="new", allowed_networks=["10.0.0.5/8"])
        assert refused.value.field == "allowed_networks"
        key.refresh_from_db()
        assert (key.name, key.allowed_networks) == ("old", ["198.51.100.7/32", "2001:db8::/32"])
        assert services.change_key(actor=bob, key=key, allowed_networks=[]).allowed_networks == []


class TestRotate:
    def test_makes_one_like_it_and_ends_the_old_one_later(self, bob: Actor, subscription: Subscription) -> None:
        old, _ = services.create_key(
            actor=bob, subscription=subscription, name="ci", mode="test", lifetime=90 * DAY, scopes=["read"],
            allowed_networks=["10.0.0.0/8"],
        )  # fmt: skip
        ApiKey.objects.update(created_at=clock.now() - 50 * DAY, expires_at=clock.now() + 40 * DAY)
        before = clock.now()
        new, text = services.rotate_key(actor=bob, key=old, overlap=7 * DAY)
        old.refresh_from_db()
        new.refresh_from_db()
        assert (new.name, new.mode, new.scopes, new.allowed_networks) == ("ci", "test", ["read"], ["10.0.0.0/8"])
        assert new.rotated_from == old
        assert bytes(new.digest) == secret.digest(text) != bytes(old.digest)
        assert new.expires_at is not None
        assert old.expires_at is not None
        assert dt.timedelta() <= new.expires_at - before - 90 * DAY < dt.timedelta(minutes=1)
        assert dt.timedelta() <= old.expires_at - before - 7 * DAY < dt.timedelta(minutes=1)
        assert {f"key:{old.pk}", f"key:{new.pk}"} <= set(Change.objects.values_list("topic", flat=True))

    def test_a_date_stays_the_date_and_no_key_lives_longer_by_it(self, bob: Actor, subscription: Subscription) -> None:
        end = clock.now() + DAY
        old = ApiKeyFactory(subscription=subscription, expires_at=end)
        new, _ = services.rotate_key(actor=bob, key=old, overlap=7 * DAY)
        old.refresh_from_db()
        assert new.expires_at == old.expires_at == end

    def test_without_an_overlap_the_old_one_ends_now(self, bob: Actor, subscription: Subscription) -> None:
        old = ApiKeyFactory(subscription=subscription)
        new, _ = services.rotate_key(actor=bob, key=old, overlap=dt.timedelta())
        old.refresh_from_db()
        assert not old.works_at(clock.now())
        assert new.works_at(clock.now())
        assert new.expires_at is None

    def test_only_a_key_that_works_and_only_once(self, bob: Actor, subscription: Subscription) -> None:
        now = clock.now()
        revoked = ApiKeyFactory(subscription=subscription, revoked_at=now)
        expired = ApiKeyFactory(subscription=subscription, expires_at=now)
        rotated = ApiKeyFactory(subscription=subscription)
        services.rotate_key(actor=bob, key=rotated, overlap=DAY)
        number = ApiKey.objects.count()
        for key, reason in ((revoked, "revoked"), (expired, "expired"), (rotated, "rotated already")):
            with pytest.raises(Conflict, match=reason):
                services.rotate_key(actor=bob, key=key, overlap=DAY)
        good = ApiKeyFactory(subscription=subscription)
        for overlap in (-DAY, 7 * DAY + dt.timedelta(seconds=1), 5, None):
            with pytest.raises(Invalid) as refused:
                services.rotate_key(actor=bob, key=good, overlap=overlap)  # type: ignore[arg-type]
            assert refused.value.field == "overlap"
        with pytest.raises(NotFound):
            services.rotate_key(actor=make_actor(), key=good, overlap=DAY)
        Subscription.objects.update(status=SubscriptionStatus.CANCELED)
        with pytest.raises(Conflict, match="canceled"):
            services.rotate_key(actor=bob, key=good, overlap=DAY)
        assert ApiKey.objects.count() == number + 1

    def test_at_the_limit_there_is_no_overlap(
        self, bob: Actor, subscription: Subscription, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services, "KEYS_MAX", 2)
        keys = ApiKeyFactory.create_batch(2, subscription=subscription)
        with pytest.raises(Conflict, match="without an overlap"):
            services.rotate_key(actor=bob, key=keys[0], overlap=DAY)
        services.rotate_key(actor=bob, key=keys[0], overlap=dt.timedelta())


class TestTryOut:
    def test_one_for_each_person_and_used_again(self, bob: Actor, subscription: Subscription) -> None:
        text = services.issue_try_out_key(actor=bob, subscription=subscription)
        assert secret.is_well_formed(text)
        assert services.issue_try_out_key(actor=bob, subscription=subscription) == text
        key = ApiKey.objects.get()
        assert bytes(key.digest) == secret.digest(text)
        assert key.expires_at is not None
        assert key.expires_at - clock.now() <= services.TRY_OUT_LIFETIME
        carol = make_actor(subscription.organization)
        assert services.issue_try_out_key(actor=carol, subscription=subscription) != text
        assert ApiKey.objects.count() == 2

    def test_is_made_anew_under_the_same_row_before_it_ends(self, bob: Actor, subscription: Subscription) -> None:
        text = services.issue_try_out_key(actor=bob, subscription=subscription)
        key = ApiKey.objects.get()
        ApiKey.objects.update(expires_at=clock.now() + services.TRY_OUT_SPARE)
        again = services.issue_try_out_key(actor=bob, subscription=subscription)
        assert again != text
        renewed = ApiKey.objects.get()
        assert renewed.pk == key.pk
        assert bytes(renewed.digest) == secret.digest(again)
        assert Change.objects.filter(topic=f"key:{key.pk}").count() == 2

    def test_a_revoked_one_stays_revoked(self, bob: Actor, subscription: Subscription) -> None:
        services.issue_try_out_key(actor=bob, subscription=subscription)
        ApiKey.objects.update(revoked_at=clock.now())
        services.issue_try_out_key(actor=bob, subscription=subscription)
        assert ApiKey.objects.filter(revoked_at=None).count() == 1
        assert ApiKey.objects.count() == 2

    def test_is_no_key_of_the_consumer(
        self, bob: Actor, subscription: Subscription, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        services.issue_try_out_key(actor=bob, subscription=subscription)
        key = ApiKey.objects.get()
        assert not list_keys(subscription).exists()
        with pytest.raises(NotFound):
            get_key(subscription, public_id=key.public_id)
        for change in (
            lambda: services.rotate_key(actor=bob, key=key, overlap=DAY),
            lambda: services.change_key(actor=bob, key=key, name="mine", allowed_networks=[]),
            lambda: services.revoke_key(actor=bob, key=key),
        ):
            with pytest.raises(NotFound):
                change()
        monkeypatch.setattr(services, "KEYS_MAX", 1)
        services.create_key(actor=bob, subscription=subscription, name="x")

    def test_not_for_a_canceled_subscription_or_for_others(self, bob: Actor, subscription: Subscription) -> None:
        with pytest.raises(NotFound):
            services.issue_try_out_key(actor=make_actor(), subscription=subscription)
        Subscription.objects.update(status=SubscriptionStatus.CANCELED)
        with pytest.raises(Conflict):
            services.issue_try_out_key(actor=bob, subscription=subscription)
        assert not ApiKey.objects.exists()


def test_whose_end_is_to_be_announced(subscription: Subscription) -> None:
    now = clock.now()

    def ends(after: dt.timedelta | None, **fields: Any) -> ApiKey:
        at = None if after is None else now + after
        return ApiKeyFactory(subscription=subscription, expires_at=at, **fields)

    tomorrow = ends(0.5 * DAY, expiry_announced_days=7)
    week = ends(6 * DAY)
    for unaffected in (
        {"after": None},
        {"after": 8 * DAY},
        {"after": -DAY},
        {"after": dt.timedelta()},
        {"after": 6 * DAY, "expiry_announced_days": 7},
        {"after": 0.5 * DAY, "expiry_announced_days": 1},
        {"after": 6 * DAY, "revoked_at": now},
        {"after": 6 * DAY, "purpose": KeyPurpose.TRY_OUT},
    ):
        ends(**unaffected)  # type: ignore[arg-type]
    rotated = ends(6 * DAY)
    ApiKeyFactory(subscription=subscription, rotated_from=rotated)
    ApiKeyFactory(subscription__status=SubscriptionStatus.CANCELED, expires_at=now + DAY)
    assert list(list_expiring(now)) == [tomorrow, week]
