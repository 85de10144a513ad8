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
