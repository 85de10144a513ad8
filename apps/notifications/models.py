from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Organization, User
from apps.core.ids import PublicIdField

TITLE_MAX = 200
URL_MAX = 500


class NoticeQuerySet(models.QuerySet["Notice"]):
    def unread(self) -> "NoticeQuerySet":
        return self.filter(read_at__isnull=True)

    def waiting(self) -> "NoticeQuerySet":
        """Those whose e-mail nobody has taken up yet."""
        return self.filter(emailed_at__isnull=True)


class Notice(models.Model):
    """What one person is told about something that concerns one of their organizations."""

    public_id = PublicIdField("ntc")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=60)  # <noun>.<past participle>, such as product.retiring
    title = models.CharField(_("title"), max_length=TITLE_MAX)
    body = models.TextField(_("text"), blank=True)  # plain text
    # A path of the portal, without the host; empty where there is nothing to look at.
    url = models.CharField(max_length=URL_MAX, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    # When its e-mail was handed to the mail server.
    emailed_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="notice_by_person"),
            models.Index(fields=["user"], condition=models.Q(read_at__isnull=True), name="notice_unread"),
            models.Index(fields=["created_at"], condition=models.Q(emailed_at__isnull=True), name="notice_waiting"),
        ]

    def __str__(self) -> str:
        return self.title
