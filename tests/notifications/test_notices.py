"""Telling people: who is told, that it is lost or doubled by nothing, and whose notices are whose."""

import datetime as dt
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction

from apps.accounts.enums import Role
from apps.accounts.models import Membership, Organization
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.errors import NotFound
from apps.notifications import services, tasks
from apps.notifications.models import Notice
from apps.notifications.selectors import COUNTED_MAX, count_unread, get_notice, list_notices
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.queries import FEW, MANY

pytestmark = pytest.mark.django_db(transaction=True)

NEWS = {"kind": "product.retiring", "title": "Weather ends", "body": "On 1 May.\nUse Climate.", "url": "/products/x/"}


def notices(organization: Organization) -> list[Notice]:
    return list(Notice.objects.filter(organization=organization).order_by("pk"))


def test_each_member_whose_role_carries_the_action_is_told_once_and_by_mail() -> None:
    organization = OrganizationFactory(name="Acme")
    owner = MembershipFactory(organization=organization, role=Role.OWNER).user
    MembershipFactory(organization=organization, role=Role.VIEWER)
    MembershipFactory(organization=organization, user=UserFactory(is_active=False))
    MembershipFactory()  # of another organization
    services.notify(organization=organization, **NEWS, action=Action.PRODUCTS_EDIT)
    [notice] = Notice.objects.all()
    assert (notice.user, notice.organization, notice.read_at) == (owner, organization, None)
    [message] = mail.outbox
    assert (message.to, message.subject) == ([owner.email], "Weather ends")
    assert "On 1 May.\nUse Climate." in message.body
    assert f"/notices/{notice.public_id}/" in message.body
    assert "member of Acme" in message.body


def test_nothing_is_sent_for_what_is_rolled_back() -> None:
    organization = MembershipFactory().organization
    with transaction.atomic():
        services.notify(organization=organization, **NEWS)
        assert notices(organization)
        assert not mail.outbox
        transaction.set_rollback(True)
    assert not notices(organization)
    assert not mail.outbox


def test_a_name_with_line_breaks_does_not_get_into_the_head_of_a_mail() -> None:
    organization = MembershipFactory().organization
    services.notify(organization=organization, **NEWS | {"title": "Weather\r\nBcc: all@example.com"})
    assert mail.outbox[0].subject == "Weather Bcc: all@example.com"


@pytest.mark.parametrize("url", ["https://elsewhere.example.com/", "//elsewhere.example.com/", "o/x/", "/" * 501])
def test_a_notice_leads_nowhere_else(url: str) -> None:
    with pytest.raises(ValueError, match="path of the portal"):
        services.notify(organization=MembershipFactory().organization, **NEWS | {"url": url})
    assert not Notice.objects.exists()


def test_telling_200_organizations_takes_the_queries_of_10(django_assert_max_num_queries: Any) -> None:
    for number in (FEW, MANY):
        organizations = [MembershipFactory().organization for _ in range(number)]
        # Without the transaction's end: the e-mails are sent there, one by one.
        with transaction.atomic(), django_assert_max_num_queries(4):
            services.notify_all(organizations=organizations, **NEWS)
            transaction.set_rollback(True)


class FlakyBackend(EmailBackend):
    """A mail server that refuses by address: `gone` for ever, `down` until it is well again."""

    down = True

    def send_messages(self, messages: Any) -> int:
        [message] = messages
        if message.to[0].startswith("gone"):
            raise SMTPRecipientsRefused({message.to[0]: (550, b"no such mailbox")})
        if message.to[0].startswith("down") and FlakyBackend.down:
            raise SMTPServerDisconnected("gone away")
        return int(super().send_messages(messages))


def test_a_mail_that_fails_keeps_no_other_and_is_sent_once_later(settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.FlakyBackend"
    FlakyBackend.down = True
    organization = OrganizationFactory()
    for address in ("gone@example.com", "down@example.com", "well@example.com"):
        MembershipFactory(organization=organization, user__email=address)
    settings.CELERY_TASK_ALWAYS_EAGER = True
    with transaction.atomic():
        services.notify(organization=organization, **NEWS)
        ids = [notice.pk for notice in notices(organization)]
        transaction.get_connection().run_on_commit.clear()  # as if the task were lost
    with pytest.raises(SMTPServerDisconnected):
        tasks.send_notices.run(ids)
    assert [message.to for message in mail.outbox] == [["well@example.com"]]

    FlakyBackend.down = False
    tasks.send_waiting.run()
    assert len(mail.outbox) == 1, "it is not overdue yet"
    Notice.objects.update(created_at=clock.now() - dt.timedelta(minutes=10))
    tasks.send_waiting.run()
    tasks.send_waiting.run()
    assert [message.to for message in mail.outbox] == [["well@example.com"], ["down@example.com"]]


def test_a_person_reads_their_own_notices_and_those_of_organizations_they_are_in() -> None:
    alice = MembershipFactory()
    bob = MembershipFactory(organization=alice.organization)
    for _ in range(2):
        services.notify(organization=alice.organization, **NEWS)
    assert count_unread(alice.user) == 2
    first, second = list_notices(alice.user)
    services.mark_read(user=bob.user, notice=first)
    assert count_unread(alice.user) == 2, "nobody reads for another"
    services.mark_read(user=alice.user, notice=first)
    read_at = get_notice(alice.user, public_id=first.public_id).read_at
    services.mark_read(user=alice.user, notice=first)
    assert get_notice(alice.user, public_id=first.public_id).read_at == read_at
    assert services.mark_all_read(user=alice.user) == 1
    assert (count_unread(alice.user), count_unread(bob.user)) == (0, 2)
    with pytest.raises(NotFound):
        get_notice(bob.user, public_id=second.public_id)

    Membership.objects.filter(pk=bob.pk).delete()
    assert (list(list_notices(bob.user)), count_unread(bob.user)) == ([], 0)


def test_the_count_ends_at_its_bound() -> None:
    membership = MembershipFactory()
    now = clock.now()
    Notice.objects.bulk_create(
        Notice(
            public_id=f"ntc_{number}", user=membership.user, organization=membership.organization,
            kind="x.done", title="x", created_at=now, emailed_at=now,
        )
        for number in range(COUNTED_MAX + 20)
    )  # fmt: skip
    assert count_unread(membership.user) == COUNTED_MAX


def test_notices_older_than_a_year_go() -> None:
    membership = MembershipFactory()
    services.notify(organization=membership.organization, **NEWS)
    services.notify(organization=membership.organization, **NEWS)
    old = notices(membership.organization)[0]
    Notice.objects.filter(pk=old.pk).update(created_at=clock.now() - dt.timedelta(days=366))
    tasks.prune.run()
    assert [notice.pk for notice in notices(membership.organization)] == [old.pk + 1]
