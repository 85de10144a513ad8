"""What a creator has earned and not been paid: derived from the books at every reading."""

import datetime as dt
import math
from dataclasses import dataclass
from fractions import Fraction

from django.conf import settings
from django.db.models import Q, Sum

from apps.accounts.access import Actor
from apps.accounts.models import Organization
from apps.accounts.permissions import Action
from apps.core import clock
from apps.ledger.enums import AccountKind
from apps.ledger.models import Posting
from apps.payouts import sources
from apps.payouts.amounts import payable


@dataclass(frozen=True, slots=True)
class Balance:
    """Minor units of one currency. `pending + reserve + available - negative` is the balance of the books.

    Earnings wait for the hold period; what is taken (refunds, disputes, payouts) counts at once.
    """

    currency: str
    # The balance of the books: above zero it is owed to the creator, below zero by them.
    total_amount: int
    # Earnings that are younger than the hold period, and the share that is kept of older ones.
    held_amount: int
    reserved_amount: int

    @property
    def negative_amount(self) -> int:
        """What the next earnings settle first; nothing is paid out meanwhile."""
        return max(0, -self.total_amount)

    @property
    def pending_amount(self) -> int:
        return min(self.held_amount, max(0, self.total_amount))

    @property
    def reserve_amount(self) -> int:
        return min(self.reserved_amount, max(0, self.total_amount) - self.pending_amount)

    @property
    def available_amount(self) -> int:
        return max(0, self.total_amount) - self.pending_amount - self.reserve_amount

    @property
    def payable_amount(self) -> int:
        """What can be paid out in the coins of the currency."""
        return payable(self.available_amount, self.currency)


def list_balances(actor: Actor) -> list[Balance]:
    """Of the actor's organization, one for each currency in which it has ever earned."""
    actor.require(Action.PAYOUTS_VIEW)
    return balances_of(actor.organization)


def balances_of(organization: Organization) -> list[Balance]:
    return _balances(Q(account__organization=organization))


def balance_of(organization: Organization, currency: str) -> Balance:
    """Of nothing where the organization has never earned in this currency."""
    found = _balances(Q(account__organization=organization, account__currency=currency))
    return found[0] if found else Balance(currency, 0, 0, 0)


def _balances(whose: Q) -> list[Balance]:
    now = clock.now()
    held_since = now - dt.timedelta(days=settings.PAYOUT_HOLD_DAYS)
    reserved_since = now - dt.timedelta(days=settings.PAYOUT_RESERVE_DAYS)
    # A credit is below zero.
    earned = Q(amount__lt=0) & ~Q(entry__source__startswith=sources.OWN)
    young = earned & Q(entry__occurred_at__gt=held_since)
    older = earned & Q(entry__occurred_at__gt=reserved_since, entry__occurred_at__lte=held_since)
    sums = (
        Posting.objects.filter(whose, account__kind=AccountKind.CREATOR_PAYABLE)
        .order_by()
        .values_list("account__currency")
        .annotate(
            total=Sum("amount"),
            held=Sum("amount", filter=young, default=0),
            recent=Sum("amount", filter=older, default=0),
        )
        .order_by("account__currency")
    )
    return [Balance(currency, -total, -held, _reserve(-recent)) for currency, total, held, recent in sums]


def _reserve(earned: int) -> int:
    """Rounded up: what is kept is never less than the share."""
    return math.ceil(earned * Fraction(settings.PAYOUT_RESERVE_PERCENT) / 100)
