"""Reads of payouts and accounts, scoped to the creator."""

from django.db.models import QuerySet

from apps.accounts.access import Actor
from apps.accounts.models import Organization
from apps.accounts.permissions import Action
from apps.core.rows import first_or_not_found
from apps.payouts.models import Payout, PayoutAccount


def list_payouts(actor: Actor) -> QuerySet[Payout]:
    """Of the actor's organization, newest first."""
    actor.require(Action.PAYOUTS_VIEW)
    return Payout.objects.filter(organization=actor.organization).select_related("organization", "requested_by")


def get_payout(actor: Actor, *, public_id: str) -> Payout:
    """Raises `NotFound`."""
    return first_or_not_found(list_payouts(actor).filter(public_id=public_id))


def find_account(actor: Actor) -> PayoutAccount | None:
    actor.require(Action.PAYOUTS_VIEW)
    return account_of(actor.organization)


def account_of(organization: Organization) -> PayoutAccount | None:
    return PayoutAccount.objects.select_related("organization").filter(organization=organization).first()
