"""Invoices that could not be charged, and the attempts to."""

from django.db import models

from apps.billing.models.invoices import Invoice


class DunningRun(models.Model):
    """The attempts to have an invoice paid after its first charge failed; times are the installation's.

    It ends when the invoice is paid, void or uncollectible. Between `given_up_at` and that nothing is tried any more.
    """

    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, related_name="dunning")
    started_at = models.DateTimeField()
    # How often the default card was tried again, or would have been had there been one.
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at", "-id"]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=models.Q(ended_at__isnull=True), name="dunning_by_next_attempt"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(next_attempt_at__isnull=True)
                | models.Q(given_up_at__isnull=True, ended_at__isnull=True),
                name="dunning_tries_until_it_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"dunning of {self.invoice}"
