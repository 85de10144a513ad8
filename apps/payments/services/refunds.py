"""Giving back what was paid: claim the row and commit, ask the provider outside any transaction, record the answer."""

import logging

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.core import clock
from apps.core.errors import Invalid
from apps.core.ids import random_base62
from apps.core.transactions import committed
from apps.payments import outcomes
from apps.payments.enums import RefundStatus
from apps.payments.errors import ProviderUnavailable, RefundTooLarge
from apps.payments.models import Payment, Refund
from apps.payments.providers import provider_named
from apps.payments.providers.base import RefundResult
from apps.payments.selectors import refundable_amount
from apps.payments.services.charging import KEY_LIFE, PATIENCE

logger = logging.getLogger(__name__)


def claim_refund(
    *, payment: Payment, amount: int, reference: str, reason: str, created_by: User | None = None
) -> Refund:
    """The row of a refund, in the caller's transaction, who asks the provider (`make_refund`) after its commit.

    `reference` is what it is given back for. Locks the payment, so that several refunds of one at the same time give
    back what there is, once. Raises `RefundTooLarge` where less is left of the payment: refunds that have not failed
    and disputes that are not won count.
    """
    if amount <= 0:
        raise Invalid(_("Give an amount above zero."), field="amount")
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
    left = refundable_amount(payment)
    if amount > left:
        raise RefundTooLarge(refundable_amount=left)
    return Refund.objects.create(
        payment=payment,
        amount=amount,
        currency=payment.currency,
        reason=reason,
        reference=reference,
        idempotency_key=f"{reference}-{random_base62(16)}",
        created_by=created_by,
    )


def make_refund(*, refund: Refund) -> Refund:
    """Ask the provider and record its answer; whoever registered for it is told in the same transaction.

    Cannot be called inside a transaction. Without an answer the refund stays `processing` and is asked for again with
    the same key: the money goes back once.
    """
    with committed():
        refund = Refund.objects.select_related("payment").get(pk=refund.pk)
    if refund.status != RefundStatus.PROCESSING:
        return refund
    try:
        result = _ask(refund)
    except ProviderUnavailable:
        logger.warning("refund %s: the provider gave no answer, it is asked again", refund.public_id)
        return refund
    with committed():
        # The payment first, as everywhere.
        payment = Payment.objects.select_for_update(no_key=True).get(pk=refund.payment_id)
        refund = Refund.objects.select_for_update().get(pk=refund.pk)
        refund.payment = payment
        if refund.status == RefundStatus.PROCESSING:
            _record(refund, result)
    return refund


def check_refund(*, refund: Refund) -> Refund:
    """Ask the provider about a refund that has succeeded: the cardholder's bank may have sent the money back.

    Whoever registered is told in the transaction that records it, once. Cannot be called inside a transaction. Raises
    `ProviderUnavailable` without an answer.
    """
    with committed():
        refund = Refund.objects.select_related("payment").get(pk=refund.pk)
    found = provider_named(refund.payment.provider).find_refund(
        idempotency_key=refund.idempotency_key,
        charge_reference=refund.payment.provider_reference,
        reference=refund.provider_reference,
    )
    if found is None or not found.failure_code:
        return refund
    with committed():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=refund.payment_id)
        refund = Refund.objects.select_for_update().get(pk=refund.pk)
        refund.payment = payment
        if refund.status == RefundStatus.SUCCEEDED:
            refund.status, refund.failure_code, refund.returned_at = (
                RefundStatus.FAILED, found.failure_code, clock.now(),
            )  # fmt: skip
            refund.save(update_fields=["status", "failure_code", "returned_at"])
            outcomes.tell_refund(refund)
    return refund


def settle_refunds() -> int:
    """Ask again about refunds whose outcome is not recorded; how many are known now."""
    waiting = Refund.objects.filter(status=RefundStatus.PROCESSING, created_at__lt=clock.now() - PATIENCE)
    settled = 0
    for refund in waiting.order_by("pk"):
        try:
            settled += make_refund(refund=refund).status != RefundStatus.PROCESSING
        except Exception:
            # One that cannot be settled does not stand in the way of the others.
            logger.exception("refund %s cannot be settled", refund.public_id)
    return settled


def _ask(refund: Refund) -> RefundResult:
    payment = refund.payment
    provider = provider_named(payment.provider)
    if refund.provider_reference or clock.now() - refund.created_at >= KEY_LIFE:
        found = provider.find_refund(
            idempotency_key=refund.idempotency_key,
            charge_reference=payment.provider_reference,
            reference=refund.provider_reference,
        )
        return found or RefundResult("", "not_processed")
    return provider.refund(
        idempotency_key=refund.idempotency_key,
        charge_reference=payment.provider_reference,
        amount=refund.amount,
        currency=refund.currency,
    )


def _record(refund: Refund, result: RefundResult) -> None:
    refund.provider_reference = result.reference
    refund.failure_code = result.failure_code
    if not result.is_pending:
        refund.status = RefundStatus.SUCCEEDED if result.succeeded else RefundStatus.FAILED
        refund.settled_at = clock.now()
    refund.save(update_fields=["status", "provider_reference", "failure_code", "settled_at"])
    if refund.settled_at:
        outcomes.tell_refund(refund)
