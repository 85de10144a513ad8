"""What a person was told. With an access token: about its organization."""

from django.db.models import QuerySet
from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.models import Organization
from apps.accounts.rest.base import UserView
from apps.core.rest.fields import Empty
from apps.core.rest.operations import operation
from apps.notifications import selectors, services
from apps.notifications.api.serializers import MarkedSerializer, NoticeQuery, NoticeSerializer
from apps.notifications.models import Notice

TAG = "Notices"
READ, WRITE = TokenScope.NOTICES_READ, TokenScope.NOTICES_WRITE


class NoticeView(UserView):
    @property
    def organization_told_of(self) -> Organization | None:
        return self.token.organization if self.token else None


class NoticesView(NoticeView):
    @operation(
        "listNotices", "List your notices", tag=TAG, scope=READ,
        query=NoticeQuery, answer=NoticeSerializer, ordering=("-created_at", "-id"),
    )  # fmt: skip
    def get(self, request: Request) -> QuerySet[Notice]:
        notices = selectors.list_notices(self.user, organization=self.organization_told_of)
        return notices.filter(read_at__isnull=True) if self.query.get("unread") else notices


class ReadView(NoticeView):
    @operation("readNotice", "Mark a notice as read", tag=TAG, scope=WRITE, body=Empty, answer=NoticeSerializer)
    def post(self, request: Request, notice_id: str) -> Notice:
        notice = selectors.get_notice(self.user, public_id=notice_id, organization=self.organization_told_of)
        services.mark_read(user=self.user, notice=notice)
        notice.refresh_from_db(fields=["read_at"])
        return notice


class AllReadView(NoticeView):
    @operation("readAllNotices", "Mark all notices as read", tag=TAG, scope=WRITE, body=Empty, answer=MarkedSerializer)
    def post(self, request: Request) -> dict[str, int]:
        return {"marked": services.mark_all_read(user=self.user, organization=self.organization_told_of)}
