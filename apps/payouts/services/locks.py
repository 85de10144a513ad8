"""Locks of payouts, in this order: the organization (one money movement at a time), then a payout or a recovery.

Nothing of billing or payments is locked while one of them is held.
"""

from apps.accounts.models import Organization
from apps.payouts.models import Payout, PayoutAccount


def lock_organization(organization_id: int) -> Organization:
    """Only against other payouts: rows that refer to the organization are written meanwhile."""
    return Organization.objects.select_for_update(no_key=True).get(pk=organization_id)


def lock_payout(payout: Payout) -> Payout:
    """The payout as it is now, with its account; its organization is locked, too."""
    lock_organization(payout.organization_id)
    return (
        Payout.objects.select_for_update(of=("self",), no_key=True)
        .select_related("account", "organization")
        .get(pk=payout.pk)
    )


def lock_account(organization_id: int) -> PayoutAccount | None:
    lock_organization(organization_id)
    return PayoutAccount.objects.select_related("organization").filter(organization_id=organization_id).first()
