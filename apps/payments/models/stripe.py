from django.db import models

from apps.core.timestamps import TimestampField


class StripeCustomer(models.Model):
    """What Stripe knows an organization as that pays."""

    # The public id of an organization.
    organization = models.CharField(max_length=32, unique=True)
    reference = models.CharField(max_length=100, unique=True)
    created_at = TimestampField(auto_now_add=True)

    def __str__(self) -> str:
        return self.reference


class StripeAccount(models.Model):
    """A connected account that this installation has opened: events of any other are none of ours."""

    organization = models.CharField(max_length=32)
    reference = models.CharField(max_length=100, unique=True)
    created_at = TimestampField(auto_now_add=True)

    def __str__(self) -> str:
        return self.reference
