from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class SubscriptionStatus(models.TextChoices):
    """Stripe's words. `apps.subscriptions.state` says which follows which."""

    PENDING_APPROVAL = "pending_approval", _("Waiting for approval")
    INCOMPLETE = "incomplete", _("Incomplete")
    TRIALING = "trialing", _("Trial")
    ACTIVE = "active", _("Active")
    PAST_DUE = "past_due", _("Past due")
    UNPAID = "unpaid", _("Unpaid")
    PAUSED = "paused", _("Paused")
    CANCELED = "canceled", _("Canceled")

    @classmethod
    def callable(cls) -> frozenset["SubscriptionStatus"]:
        """Those whose keys the gateway lets through."""
        return frozenset({cls.TRIALING, cls.ACTIVE, cls.PAST_DUE})

    @classmethod
    def live(cls) -> frozenset["SubscriptionStatus"]:
        """Those that stand in the way of a second subscription to the same product."""
        return frozenset(set(cls) - {cls.CANCELED})

    @classmethod
    def begun(cls) -> frozenset["SubscriptionStatus"]:
        """Those that have a running billing period and running quotas."""
        return cls.live() - {cls.PENDING_APPROVAL, cls.INCOMPLETE}

    @classmethod
    def owing(cls) -> frozenset["SubscriptionStatus"]:
        """Those that a payment may change; a paused one may have owed something before."""
        return frozenset({cls.PAST_DUE, cls.UNPAID, cls.PAUSED})


class CollectedBy(models.TextChoices):
    """Who charges a subscription, and so says when its periods begin, under which plan, and when it ends."""

    PLATFORM = "platform", _("this platform")
    STRIPE = "stripe", _("Stripe, where it was made")


class ChangeKind(StrEnum):
    """When a change of plan takes effect."""

    NOW = "now"
    AT_PERIOD_END = "at_period_end"


class MigrationTime(models.TextChoices):
    """When subscribers of an older version of a plan get the one on sale."""

    NOW = "now", _("now")
    RENEWAL = "renewal", _("at their next renewal")
