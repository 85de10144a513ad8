"""Telling people: one notice for each member whom it concerns, in the portal and by e-mail."""

import datetime as dt
from collections.abc import Collection, Sequence

from django.db import transaction

from apps.accounts.models import Membership, Organization, User
from apps.accounts.permissions import ROLES_BY_ACTION, Action
from apps.core import clock
from apps.core.jobs import enqueue
from apps.notifications.models import TITLE_MAX, URL_MAX, Notice
from apps.notifications.selectors import list_notices

SEND_TASK = "notifications.send_notices"
# How many e-mails one task sends over one connection.
MAILS_PER_TASK = 50
KEPT = dt.timedelta(days=365)


def notify(
    *,
    organization: Organization,
    kind: str,
    title: str,
    body: str,
    url: str = "",
    action: Action = Action.VIEW,
) -> None:
    """Tell the members whose role carries `action`, in the caller's transaction; the e-mails leave after it.

    `body` is plain text, `url` a path of the portal (`/o/<organization slug>/…`). Told twice when called twice:
    whoever calls makes sure that it is called once. Raises ValueError for a `url` that is not a path.
    """
    notify_all(organizations=[organization], kind=kind, title=title, body=body, url=url, action=action)


@transaction.atomic
def notify_all(
    *,
    organizations: Collection[Organization],
    kind: str,
    title: str,
    body: str,
    url: str = "",
    action: Action = Action.VIEW,
) -> None:
    """The same for many organizations at once, with a constant number of queries for each thousand people."""
    if url and (not url.startswith("/") or url.startswith("//") or len(url) > URL_MAX):
        raise ValueError(f"A notice leads to a path of the portal, not to {url!r}.")
    now = clock.now()
    told = Membership.objects.filter(
        organization__in=organizations, role__in=ROLES_BY_ACTION[action], user__is_active=True
    ).order_by("pk")
    notices = Notice.objects.bulk_create(
        [
            Notice(
                user_id=user_id,
                organization_id=organization_id,
                kind=kind,
                title=title[:TITLE_MAX],
                body=body,
                url=url,
                created_at=now,
            )
            for user_id, organization_id in told.values_list("user_id", "organization_id")
        ],
        batch_size=1000,
    )
    send_later([notice.pk for notice in notices])


def send_later(notice_ids: Sequence[int]) -> None:
    """Have the e-mails of these notices sent once the caller's transaction is committed."""
    for start in range(0, len(notice_ids), MAILS_PER_TASK):
        enqueue(SEND_TASK, notice_ids=list(notice_ids[start : start + MAILS_PER_TASK]))


def mark_read(*, user: User, notice: Notice) -> None:
    """The person has seen it; once more changes nothing."""
    Notice.objects.unread().filter(pk=notice.pk, user=user).update(read_at=clock.now())


def mark_all_read(*, user: User, organization: Organization | None = None) -> int:
    """The person has seen all there is (about one organization). Returns how many were unread."""
    return list_notices(user, organization=organization).filter(read_at__isnull=True).update(read_at=clock.now())


def claim_email(*, notice_id: int) -> Notice | None:
    """The notice, whose e-mail is now the caller's to send; None where another has sent it or is about to."""
    if not Notice.objects.waiting().filter(pk=notice_id).update(emailed_at=clock.now()):
        return None
    return Notice.objects.select_related("user", "organization").get(pk=notice_id)


def give_back_email(*, notice: Notice) -> None:
    """The mail server did not take it: it waits again."""
    Notice.objects.filter(pk=notice.pk).update(emailed_at=None)


def prune_notices(*, now: dt.datetime) -> int:
    """Delete what is older than a year. Returns how many there were."""
    return Notice.objects.filter(created_at__lt=now - KEPT).delete()[0]
