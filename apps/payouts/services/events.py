"""What the provider tells of accounts and transfers. Registered with `apps.payments.events`; each may come again."""

from typing import Any

from django.db.models import Sum

from apps.core.jobs import enqueue
from apps.payments.models import ProviderEvent
from apps.payouts.enums import PayoutStatus, RecoveryStatus
from apps.payouts.models import Payout, PayoutAccount
from apps.payouts.services.locks import lock_payout
from apps.payouts.services.moving import give_back

REFRESH_TASK = "payouts.refresh_account"


def handle_account(event: ProviderEvent) -> None:
    """Something about an account has changed: it is asked about, as events come in any order."""
    reference = event.account or _object(event).get("id", "")
    for account in PayoutAccount.objects.filter(provider=event.provider, provider_account=reference):
        enqueue(REFRESH_TASK, account_id=account.pk)


def handle_reversal(event: ProviderEvent) -> None:
    """A transfer came back as a whole (`reversed`): the money is in the creator's balance again.

    What we took back ourselves (`Recovery`) is booked already. A part that somebody took back at the provider is none
    of a payout's ends: the reconciliation names it.
    """
    transfer = _object(event)
    found = Payout.objects.filter(account__provider=event.provider, reference=transfer.get("id") or "-").first()
    if found is None:
        return
    payout = lock_payout(found)
    ours = payout.recoveries.filter(status__in=[RecoveryStatus.PROCESSING, RecoveryStatus.SUCCEEDED])
    taken = ours.aggregate(total=Sum("amount"))["total"] or 0
    if payout.status == PayoutStatus.PAID and transfer.get("reversed") is True and not taken:
        give_back(payout, PayoutStatus.REVERSED, code="transfer_reversed")


def _object(event: ProviderEvent) -> dict[str, Any]:
    """What the event is about, as it was then."""
    data = event.payload.get("data", {}) if isinstance(event.payload, dict) else {}
    found = data.get("object", {}) if isinstance(data, dict) else {}
    return found if isinstance(found, dict) else {}
