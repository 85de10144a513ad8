"""Creators with earnings, and staff."""

import datetime as dt
from typing import Any

from django.contrib.auth.models import Permission

from apps.accounts.access import Actor
from apps.accounts.models import Organization, User
from apps.core import clock
from apps.ledger.enums import AccountKind
from apps.ledger.models import LedgerAccount
from apps.ledger.selectors import balance, find_account
from apps.ledger.services import Movement, get_or_open_account, post_entry
from apps.payouts.models import PayoutAccount
from apps.payouts.selectors import Balance, balance_of
from tests.factories.accounts import UserFactory
from tests.factories.actors import make_actor
from tests.factories.payouts import PayoutAccountFactory

DAY = dt.timedelta(days=1)


def account(**values: Any) -> tuple[PayoutAccount, Actor]:
    """An account that is ready, and an owner of its organization."""
    made = PayoutAccountFactory(**values)
    return made, make_actor(made.organization)


def earn(
    organization: Organization, amount: int, *, ago: dt.timedelta = 8 * DAY, currency: str = "USD", name: str = ""
) -> None:
    """A sale of which the creator gets this much; below zero, a refund."""
    creator = get_or_open_account(kind=AccountKind.CREATOR_PAYABLE, currency=currency, organization=organization)
    earn.count += 1  # type: ignore[attr-defined]
    post_entry(
        source=name or f"{'invoice.paid' if amount > 0 else 'refund'}:test-{earn.count}",  # type: ignore[attr-defined]
        description="A sale",
        occurred_at=clock.now() - ago,
        movements=[
            Movement(kind("provider_cash", currency), amount),
            Movement(creator, -amount),
        ],
    )  # fmt: skip


earn.count = 0  # type: ignore[attr-defined]


def kind(name: str, currency: str = "USD") -> LedgerAccount:
    return get_or_open_account(kind=AccountKind(name), currency=currency)


def amount_on(name: str, currency: str = "USD") -> int:
    """What an account of the platform holds: above zero a debit."""
    found = find_account(kind=AccountKind(name), currency=currency)
    return balance(found) if found else 0


def of(account: PayoutAccount, currency: str = "USD") -> Balance:
    return balance_of(account.organization, currency)


def staff(*permissions: str) -> User:
    """One of the platform's people, with rights of the app (all of them where none is named)."""
    user = UserFactory(is_staff=True)
    found = Permission.objects.filter(content_type__app_label__in=["payouts", "ledger", "billing"])
    user.user_permissions.set(found.filter(codename__in=permissions) if permissions else found)
    return user
