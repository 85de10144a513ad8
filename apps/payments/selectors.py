"""Reads of cards and payments."""

from django.db.models import QuerySet, Sum

from apps.accounts.access import Actor
from apps.accounts.models import Organization
from apps.accounts.permissions import Action
from apps.core.rows import first_or_not_found
from apps.payments.enums import DisputeStatus, PaymentStatus, RefundStatus
from apps.payments.errors import PaymentPending, PaymentWaits
from apps.payments.models import Dispute, Payment, PaymentMethod, SandboxAccount


def list_methods(actor: Actor) -> QuerySet[PaymentMethod]:
    """The cards of the actor's organization that are not removed, the default first."""
    actor.require(Action.BILLING_VIEW)
    return PaymentMethod.objects.filter(organization=actor.organization, removed_at__isnull=True)


def get_method(actor: Actor, *, public_id: str) -> PaymentMethod:
    return first_or_not_found(list_methods(actor).filter(public_id=public_id))


def list_payments_of(reference: str) -> QuerySet[Payment]:
    """The attempts to pay something that the caller fetched for its actor, newest first."""
    return Payment.objects.filter(reference=reference).select_related("method")


def list_disputes_of(reference: str) -> QuerySet[Dispute]:
    """What cardholders' banks took back of something that the caller fetched for its actor, newest first."""
    return Dispute.objects.filter(payment__reference=reference).order_by("-opened_at", "-id")


def has_default_card(organization: Organization) -> bool:
    """Whether there is a card that is charged without anybody being asked."""
    return PaymentMethod.objects.filter(organization=organization, is_default=True).exists()


def is_being_paid(reference: str) -> bool:
    """Whether an attempt is open whose outcome is not known."""
    return Payment.objects.filter(reference=reference, status__in=PaymentStatus.open()).exists()


def require_not_being_paid(reference: str) -> None:
    """Raises `PaymentWaits` while an attempt waits for its people, `PaymentPending` while one has no answer."""
    if find_waiting_payment(reference) is not None:
        raise PaymentWaits
    if is_being_paid(reference):
        raise PaymentPending


def get_payment(actor: Actor, *, public_id: str) -> Payment:
    """An attempt to pay of the actor's organization."""
    actor.require(Action.BILLING_VIEW)
    owned = Payment.objects.select_related("method", "organization").filter(organization=actor.organization)
    return first_or_not_found(owned.filter(public_id=public_id))


def find_waiting_payment(reference: str) -> Payment | None:
    """The attempt to pay something that waits for the cardholder to confirm it."""
    return Payment.objects.filter(reference=reference, status=PaymentStatus.REQUIRES_ACTION).first()


def get_sandbox_account(actor: Actor, *, reference: str) -> SandboxAccount:
    """An account of the sandbox that the actor's organization holds."""
    held = SandboxAccount.objects.filter(holder=actor.organization.public_id)
    return first_or_not_found(held.filter(reference=reference))


def refundable_amount(payment: Payment) -> int:
    """What of a payment is neither refunded, nor about to be, nor taken back by a dispute that is open or lost."""
    if payment.status != PaymentStatus.SUCCEEDED:
        return 0
    refunded = payment.refunds.exclude(status=RefundStatus.FAILED).aggregate(total=Sum("amount"))["total"] or 0
    disputed = payment.disputes.exclude(status=DisputeStatus.WON).aggregate(total=Sum("amount"))["total"] or 0
    return max(0, payment.amount - refunded - disputed)
