"""A person's notices. Those of an organization that they have left are not theirs any more."""

from django.db.models import QuerySet

from apps.accounts.models import Membership, Organization, User
from apps.core.rows import first_or_not_found
from apps.notifications.models import Notice, NoticeQuerySet

# The badge shows “99+” from here on; more need not be counted.
COUNTED_MAX = 100


def list_notices(user: User, *, organization: Organization | None = None) -> QuerySet[Notice]:
    """Newest first, with the organizations that they concern: all of the person's, or this one."""
    return _notices_of(user, organization).select_related("organization").order_by("-created_at", "-pk")


def get_notice(user: User, *, public_id: str, organization: Organization | None = None) -> Notice:
    """One of the person's notices. Raises `NotFound`."""
    return first_or_not_found(list_notices(user, organization=organization).filter(public_id=public_id))


def count_unread(user: User) -> int:
    """How many the person has not read, up to `COUNTED_MAX`."""
    return _notices_of(user).unread()[:COUNTED_MAX].count()


def _notices_of(user: User, organization: Organization | None = None) -> NoticeQuerySet:
    organizations = Membership.objects.filter(user=user).values("organization")
    notices = Notice.objects.filter(user=user, organization__in=organizations)
    return notices if organization is None else notices.filter(organization=organization)
