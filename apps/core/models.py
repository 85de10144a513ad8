import datetime as dt

from django.db import models


class Change(models.Model):
    """One line of the change feed (`apps.core.changes`); old ones are deleted by a daily task."""

    id = models.BigAutoField(primary_key=True)
    topic = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return self.topic


class SandboxClock(models.Model):
    """A single row: how far the installation's time is ahead of the real one."""

    offset = models.DurationField(default=dt.timedelta)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="sandbox_clock_once"),
            models.CheckConstraint(condition=models.Q(offset__gte=dt.timedelta()), name="sandbox_clock_never_behind"),
        ]

    def __str__(self) -> str:
        return f"+{self.offset}"


class IdempotentRequest(models.Model):
    """A request with an `Idempotency-Key`, and what was answered to it; kept for a day.

    Without a status it was begun and not finished: it runs, or its process died. Secrets are not in `content`.
    """

    id = models.BigAutoField(primary_key=True)
    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    content = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="idempotent_request_once")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
