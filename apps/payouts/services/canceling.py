from django.db import transaction

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.payouts.enums import PayoutStatus
from apps.payouts.models import Payout
from apps.payouts.services.locks import lock_payout
from apps.payouts.services.moving import give_back


@transaction.atomic
def cancel_payout(*, actor: Actor, payout: Payout) -> Payout:
    """The creator takes back a payout that nobody sends yet; the money is in the balance again.

    Raises `NotAllowed`, and `PayoutMoved` for one that is being sent or was.
    """
    actor.require(Action.PAYOUTS_MANAGE)
    payout = lock_payout(payout)
    give_back(payout, PayoutStatus.CANCELED, by=actor.user)
    return payout
