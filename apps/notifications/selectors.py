"""A person's notices. Those of an organization that they have left are not theirs any more."""

from django.db.models import QuerySet

from apps.accounts.models import Membership, User
from apps.core.rows import first_or_not_found
from apps.notifications.models import Notice, NoticeQuerySet

# The badge shows “99+” from here on; more need not be counted.
COUNTED_MAX = 100


def list_notices(user: User) -> QuerySet[Notice]:
    """Newest first, with the organizations that they concern."""
    return _notices_of(user).select_related("organization").order_by("-created_at", "-pk")


def get_notice(user: User, *, public_id: str) -> Notice:
    """One of the person's notices. Raises `NotFound`."""
    return first_or_not_found(_notices_of(user).filter(public_id=public_id))


def count_unread(user: User) -> int:
    """How many the person has not read, up to `COUNTED_MAX`."""
    return _notices_of(user).unread()[:COUNTED_MAX].count()


def _notices_of(user: User) -> NoticeQuerySet:
    organizations = Membership.objects.filter(user=user).values("organization")
    return Notice.objects.filter(user=user, organization__in=organizations)
