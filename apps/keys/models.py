import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.core.ids import PublicIdField
from apps.core.timestamps import TimestampField
from apps.keys.enums import KeyMode, KeyPurpose, KeyScope
from apps.subscriptions.models import Subscription


class ApiKey(models.Model):
    """A key of a subscription. The secret itself is never stored: only its SHA-256 and what is safe to show."""

    public_id = PublicIdField("key")
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(_("name"), max_length=60)
    mode = models.CharField(max_length=4, choices=KeyMode, default=KeyMode.LIVE)
    purpose = models.CharField(max_length=10, choices=KeyPurpose, default=KeyPurpose.PROGRAM)
    prefix = models.CharField(max_length=20)  # the recognisable start, such as af_live_4fGh
    last4 = models.CharField(max_length=4)
    digest = models.BinaryField(max_length=32, unique=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = TimestampField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    # How long the key was made for, where that was chosen and not a date: its successor lives as long.
    lifetime = models.DurationField(null=True, blank=True)
    # The last announcement of its end, in days before it; those that had passed when it was made count as given.
    expiry_announced_days = models.PositiveSmallIntegerField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    scopes = ArrayField(models.CharField(max_length=10), default=list, blank=True)  # none: everything
    # The key that this one takes the place of; both work until the old one expires.
    rotated_from = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="rotated_to"
    )
    # CIDR texts as `restrictions` writes them; none: from anywhere.
    allowed_networks = ArrayField(models.CharField(max_length=43), default=list, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=KeyScope.values), name="api_key_scopes_known"
            ),
            models.CheckConstraint(condition=models.Q(mode__in=KeyMode.values), name="api_key_mode_known"),
            models.CheckConstraint(condition=models.Q(purpose__in=KeyPurpose.values), name="api_key_purpose_known"),
            # The portal's key is made anew under the same row, so that there is one for each person.
            models.UniqueConstraint(
                fields=["subscription", "created_by", "mode"],
                condition=models.Q(purpose="try_out", revoked_at__isnull=True),
                name="api_key_one_to_try_out",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=models.Q(expires_at__isnull=False, revoked_at__isnull=True, purpose="program"),
                name="api_key_expiring",
            ),
            # Staff look a key up by what is shown of it.
            models.Index(fields=["prefix"], name="api_key_prefix"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…{self.last4}"

    @property
    def is_test(self) -> bool:
        return self.mode == KeyMode.TEST

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None

    def works_at(self, now: dt.datetime) -> bool:
        """Whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)
