"""Sending payouts through the provider: claim and commit, ask outside any transaction, record the answer.

A process that dies in between leaves a payout that is `sending`: it is asked for again with the same key.
"""

import datetime as dt
import logging
from collections.abc import Callable

from django.conf import settings
from django.db.models import Q

from apps.core import clock
from apps.core.transactions import committed
from apps.payments.errors import ProviderUnavailable
from apps.payments.providers import provider_named
from apps.payouts.enums import AccountStatus, PayoutMethod, PayoutStatus
from apps.payouts.models import Payout
from apps.payouts.services.locks import lock_payout
from apps.payouts.services.moving import give_back, hold, release, settle

# How long an attempt is left to the process that began it.
PATIENCE = dt.timedelta(seconds=30)
# How long a held payout waits before the provider is asked again.
RETRY_HELD_AFTER = dt.timedelta(hours=6)
# The destination or the platform's own balance cannot do it now: the money waits instead of going back.
HOLDING_CODES = frozenset(
    {
        "account_restricted",
        "account_unknown",
        "account_closed",
        "account_invalid",
        "payouts_not_allowed",
        "transfers_not_allowed",
        "insufficient_capabilities_for_transfer",
        "insufficient_balance",
        "balance_insufficient",
    }
)

logger = logging.getLogger(__name__)


def send_payout(*, payout: Payout) -> Payout:
    """Ask the provider for the transfer once and record its answer. Cannot be called inside a transaction.

    Without an answer the payout stays `sending`. A payout in another status, or that staff carry out, stays as it is.
    """
    with committed():
        payout = lock_payout(payout)
        if payout.method != PayoutMethod.PROVIDER or not _claim(payout):
            return payout
    try:
        result = provider_named(payout.account.provider or settings.PAYMENT_PROVIDER).transfer(
            idempotency_key=payout.idempotency_key,
            destination=payout.destination["account"],
            amount=payout.amount,
            currency=payout.currency,
            description=payout.public_id,
        )
    except ProviderUnavailable:
        logger.warning("payout %s: the provider gave no answer, it is asked again", payout.public_id)
        return payout
    with committed():
        key = payout.idempotency_key
        payout = lock_payout(payout)
        if payout.status != PayoutStatus.SENDING or payout.idempotency_key != key:
            return payout
        if result.succeeded:
            settle(payout, reference=result.reference)
        elif result.failure_code in HOLDING_CODES:
            hold(payout, code=result.failure_code)
        else:
            give_back(payout, PayoutStatus.FAILED, code=result.failure_code)
    return payout


def send_due_payouts() -> int:
    """Send what is approved, ask again where no answer came, and try what is held. How many are settled now."""
    now = clock.now()
    by_provider = Payout.objects.filter(method=PayoutMethod.PROVIDER)
    held = by_provider.filter(
        Q(sent_at__isnull=True) | Q(sent_at__lt=now - RETRY_HELD_AFTER),
        status=PayoutStatus.HELD,
        account__status=AccountStatus.ACTIVE,
        account__stopped_at=None,
    )
    for payout in held.order_by("pk"):
        _carefully(payout, _release_held)
    waiting = by_provider.filter(
        Q(status=PayoutStatus.APPROVED) | Q(status=PayoutStatus.SENDING, sent_at__lt=now - PATIENCE)
    )
    return sum(_carefully(payout, _is_sent) for payout in waiting.order_by("pk"))


def _claim(payout: Payout) -> bool:
    """Whether the provider is to be asked; the row says so before it is."""
    if payout.status == PayoutStatus.APPROVED:
        if not payout.account.is_ready:
            hold(payout, code="account_not_ready")
            return False
        payout.status = PayoutStatus.SENDING
    elif payout.status != PayoutStatus.SENDING:
        return False
    payout.sent_at = clock.now()
    payout.save(update_fields=["status", "sent_at"])
    return True


def _release_held(payout: Payout) -> bool:
    with committed():
        payout = lock_payout(payout)
        if payout.status == PayoutStatus.HELD and payout.account.is_ready:
            release(payout)
    return True


def _is_sent(payout: Payout) -> bool:
    return send_payout(payout=payout).status == PayoutStatus.PAID


def _carefully(payout: Payout, step: Callable[[Payout], bool]) -> bool:
    """One that cannot be sent does not stand in the way of the others."""
    try:
        return step(payout)
    except Exception:
        logger.exception("payout %s cannot be sent", payout.public_id)
        return False
