from django.db import models

from apps.core.ids import PublicIdField
from apps.core.timestamps import TimestampField
from apps.payments.enums import Provider


class ProviderEvent(models.Model):
    """What a provider has told us, as it came: stored once, then processed until that has worked once."""

    public_id = PublicIdField("evt")
    provider = models.CharField(max_length=20, choices=Provider)
    event_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=100)
    # The connected account that it is about; empty for the platform's own.
    account = models.CharField(max_length=100, blank=True)
    livemode = models.BooleanField(default=False)
    payload = models.JSONField()
    received_at = TimestampField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    # Why the last attempt failed; of one that is processed, why nothing was to be done.
    error = models.CharField(max_length=500, blank=True)
    next_attempt_at = TimestampField(auto_now_add=True)

    class Meta:
        ordering = ["-received_at", "-id"]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=models.Q(processed_at__isnull=True),
                name="provider_event_waiting",
            )
        ]
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="provider_event_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"
