from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.core.ids import PublicIdField
from apps.keys.enums import KeyScope
from apps.subscriptions.models import Subscription


class ApiKey(models.Model):
    """A key of a subscription. The secret itself is never stored: only its SHA-256 and what is safe to show."""

    public_id = PublicIdField("key")
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(_("name"), max_length=60)
    prefix = models.CharField(max_length=20)  # the recognisable start, such as af_live_4fGh
    last4 = models.CharField(max_length=4)
    digest = models.BinaryField(max_length=32, unique=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    scopes = ArrayField(models.CharField(max_length=10), default=list, blank=True)  # none: everything
    # CIDR texts as `restrictions` writes them; none: from anywhere.
    allowed_networks = ArrayField(models.CharField(max_length=43), default=list, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=KeyScope.values), name="api_key_scopes_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…{self.last4}"

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None
