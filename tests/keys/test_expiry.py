"""The end of a key is announced a week and a day before, once each, to whoever can do something about it."""

import datetime as dt

import pytest
from django.core import mail
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.accounts.enums import Role
from apps.core import clock
from apps.keys.models import ApiKey
from apps.keys.services import create_key
from apps.keys.tasks import announce_expiring
from apps.notifications.models import Notice
from tests.factories.accounts import MembershipFactory
from tests.factories.actors import make_actor
from tests.factories.keys import ApiKeyFactory
from tests.factories.subscriptions import SubscriptionFactory

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
DAY = 24 * HOUR


def test_a_week_and_a_day_before_once_each(
    client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    subscription = SubscriptionFactory()
    developer = MembershipFactory(organization=subscription.organization, role=Role.DEVELOPER).user
    MembershipFactory(organization=subscription.organization, role=Role.VIEWER)
    key = ApiKeyFactory(subscription=subscription, name="ci", expires_at=clock.now() + 7 * DAY + HOUR)
    announce_expiring()
    assert not Notice.objects.exists()
    for left, told in ((7 * DAY, 1), (2 * DAY, 1), (DAY, 2), (HOUR, 2)):
        ApiKey.objects.filter(pk=key.pk).update(expires_at=clock.now() + left)
        with django_capture_on_commit_callbacks(execute=True):
            announce_expiring()
        announce_expiring()
        assert Notice.objects.count() == len(mail.outbox) == told, left
    notices = list(Notice.objects.all())
    assert {notice.user for notice in notices} == {developer}
    assert "“ci”" in notices[0].title
    client.force_login(developer)
    assert client.get(notices[0].url).status_code == 200


def test_a_key_that_is_made_for_less_is_not_announced_at_once() -> None:
    subscription = SubscriptionFactory()
    actor = make_actor(subscription.organization)
    for lifetime in (5 * DAY, HOUR):
        create_key(actor=actor, subscription=subscription, name="short", lifetime=lifetime)
    announce_expiring()
    assert not Notice.objects.exists()
    ApiKey.objects.update(expires_at=clock.now() + 2 * HOUR)
    announce_expiring()
    assert Notice.objects.count() == 1  # the one of five days; the other was made for less than a day
