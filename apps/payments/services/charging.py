"""Charging a card: claim the row and commit, ask the provider outside any transaction, record the answer.

A process that dies in between leaves a payment that is `processing`. `settle_payments` asks the provider again with
the same idempotency key, and so learns what became of it.
"""

import datetime as dt
import logging

from django.conf import settings
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action
from apps.accounts.models import Organization, User
from apps.accounts.permissions import Action
from apps.core import clock
from apps.core.errors import Conflict, Invalid
from apps.core.ids import random_base62
from apps.core.transactions import committed
from apps.payments import outcomes
from apps.payments.enums import PaymentStatus
from apps.payments.errors import ProviderUnavailable
from apps.payments.models import Payment, PaymentMethod
from apps.payments.providers import provider_named
from apps.payments.providers.base import ChargeResult
from apps.payments.selectors import get_payment
from apps.payments.services.methods import prefer_card_that_paid, save_token

# How long an attempt is left to the process that began it.
PATIENCE = dt.timedelta(seconds=30)
# How long the cardholder may take to confirm a payment at their bank, and to type a card on the provider's page.
CONFIRMATION_TIME = dt.timedelta(hours=24)
PAGE_TIME = dt.timedelta(hours=1)
# Providers remember an idempotency key for a day: after that, it is asked what became of it, and not again for the
# money.
KEY_LIFE = dt.timedelta(hours=23)

logger = logging.getLogger(__name__)


def claim_payment(
    *, method: PaymentMethod, amount: int, currency: str, reference: str, created_by: User | None = None
) -> Payment:
    """The row of an attempt, in the caller's transaction, who has locked what is paid and charges after its commit.

    `created_by` is the person who pays; nobody where a card is charged by itself.
    """
    return _claim(
        organization_id=method.organization_id,
        provider=method.provider,
        method=method,
        amount=amount,
        currency=currency,
        reference=reference,
        created_by=created_by,
    )


def claim_hosted_payment(
    *, organization: Organization, amount: int, currency: str, reference: str, created_by: User
) -> Payment:
    """The same for an attempt whose card is typed on the provider's page; `collect_payment` asks for that page.

    Raises `Invalid` where the provider has none: there, a card is named.
    """
    if provider_named(settings.PAYMENT_PROVIDER).takes_cards:
        raise Invalid(_("Name the card to pay with."), field="method")
    return _claim(
        organization_id=organization.pk,
        provider=settings.PAYMENT_PROVIDER,
        method=None,
        amount=amount,
        currency=currency,
        reference=reference,
        created_by=created_by,
    )


def _claim(
    *,
    organization_id: int,
    provider: str,
    method: PaymentMethod | None,
    amount: int,
    currency: str,
    reference: str,
    created_by: User | None,
) -> Payment:
    return Payment.objects.create(
        organization_id=organization_id,
        provider=provider,
        method=method,
        amount=amount,
        currency=currency,
        reference=reference,
        idempotency_key=f"{reference}-{random_base62(16)}",
        created_by=created_by,
    )


def collect_payment(*, payment: Payment) -> Payment:
    """Ask the provider and record its answer; whoever registered for it is told in the same transaction.

    Cannot be called inside a transaction. While the provider gives no answer the payment stays `processing`; asked
    again, also by several at once, it is charged once. Where the bank wants the cardholder to confirm it, it becomes
    `requires_action`; called again, this learns whether they have. So does one whose card is typed on the provider's
    page: the card that has paid is saved.
    """
    with committed():
        payment = Payment.objects.select_related("method", "organization", "created_by").get(pk=payment.pk)
    if payment.status not in PaymentStatus.open():
        return payment
    try:
        result = _ask(payment)
    except ProviderUnavailable:
        logger.warning("payment %s: the provider gave no answer, it is asked again", payment.public_id)
        return payment
    return _settle(payment, result)


def give_up_payment(*, actor: Actor, payment: Payment) -> Payment:
    """Stop waiting for a confirmation, so that it can be paid in another way. It may turn out to have succeeded.

    Cannot be called inside a transaction. Raises `Conflict` for a payment that does not wait for its cardholder, and
    where the provider does not answer.
    """
    actor.require(Action.BILLING_MANAGE)
    with committed():
        payment = get_payment(actor, public_id=payment.public_id)
        if payment.status != PaymentStatus.REQUIRES_ACTION:
            raise Conflict
        summary = f"Gave up to confirm {payment.reference} with {payment.paid_with}"
        record_action(actor, "payment.given_up", summary, target=payment.public_id)
    try:
        result = provider_named(payment.provider).cancel_charge(reference=payment.provider_reference)
    except ProviderUnavailable as error:
        raise Conflict(_("The payment provider does not answer. Try again in a minute.")) from error
    return _settle(payment, result)


def settle_payments() -> int:
    """Ask again about payments whose outcome is not recorded; how many are known now."""
    waiting = Payment.objects.filter(status__in=PaymentStatus.open(), created_at__lt=clock.now() - PATIENCE)
    settled = 0
    for payment in waiting.order_by("pk"):
        try:
            settled += collect_payment(payment=payment).status not in PaymentStatus.open()
        except Exception:
            # One that cannot be settled does not stand in the way of the others.
            logger.exception("payment %s cannot be settled", payment.public_id)
    return settled


def _ask(payment: Payment) -> ChargeResult:
    method, age = payment.method, clock.now() - payment.created_at
    provider = provider_named(payment.provider)
    patience = CONFIRMATION_TIME if method else PAGE_TIME
    if payment.status == PaymentStatus.REQUIRES_ACTION and age >= patience:
        return provider.cancel_charge(reference=payment.provider_reference)
    if payment.provider_reference or age >= KEY_LIFE:
        found = provider.find_charge(idempotency_key=payment.idempotency_key, reference=payment.provider_reference)
        return found or ChargeResult("", "not_processed")
    return_url = f"{settings.WEB_URL}/o/{payment.organization.slug}/billing/payments/{payment.public_id}/"
    if method is None:
        return provider.start_payment(
            idempotency_key=payment.idempotency_key,
            organization_id=payment.organization.public_id,
            email=payment.created_by.email if payment.created_by else "",
            amount=payment.amount,
            currency=payment.currency,
            description=payment.reference,
            return_url=return_url,
        )
    return provider.charge(
        idempotency_key=payment.idempotency_key,
        token=method.token,
        amount=payment.amount,
        currency=payment.currency,
        description=payment.reference,
        today=clock.now().date(),
        off_session=payment.created_by_id is None,
        return_url=return_url,
    )


def _settle(payment: Payment, result: ChargeResult) -> Payment:
    typed = _saved(payment, result)
    with committed():
        payment = Payment.objects.select_for_update(of=("self",)).select_related("method").get(pk=payment.pk)
        if payment.status in PaymentStatus.open():
            payment.method = payment.method or typed
            _record(payment, result)
    return payment


def _saved(payment: Payment, result: ChargeResult) -> PaymentMethod | None:
    """The card that was typed on the provider's page, in a transaction before: cards are locked after invoices."""
    if payment.method_id is not None or result.card is None:
        return None
    try:
        return save_token(
            organization=payment.organization,
            provider=payment.provider,
            token=result.card.card,
            holder_name=result.card.holder_name[:100],
            created_by=payment.created_by,
        )
    except Conflict:
        return None  # it has paid, and there is no room for one more


def _record(payment: Payment, result: ChargeResult) -> None:
    was = payment.status
    payment.provider_reference = result.reference
    payment.decline_code = result.decline_code
    payment.action_url = result.action_url
    if result.is_pending:
        payment.status = PaymentStatus.PROCESSING
    elif result.action_url:
        payment.status = PaymentStatus.REQUIRES_ACTION
    else:
        payment.status = PaymentStatus.SUCCEEDED if result.succeeded else PaymentStatus.FAILED
        payment.settled_at = clock.now()
    payment.save(update_fields=["status", "provider_reference", "decline_code", "action_url", "settled_at", "method"])
    if payment.settled_at:
        outcomes.tell(payment)
    elif payment.status == PaymentStatus.REQUIRES_ACTION and was != PaymentStatus.REQUIRES_ACTION:
        outcomes.tell_confirmation(payment)
    if result.succeeded and payment.method is not None:
        # Last: cards are locked after subscriptions and invoices.
        prefer_card_that_paid(method=payment.method)
