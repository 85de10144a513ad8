"""Where a creator's money goes: their details, and how the provider finds them."""

import logging
from dataclasses import asdict

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.audit import record_action, record_event
from apps.accounts.models import User
from apps.accounts.permissions import Action
from apps.accounts.staff import checked_reason, require_staff
from apps.core import clock
from apps.core.errors import Conflict
from apps.core.transactions import committed
from apps.payments.errors import ProviderUnavailable
from apps.payments.providers import provider_named
from apps.payouts.details import AccountDetails, checked
from apps.payouts.enums import AccountStatus, PayoutMethod
from apps.payouts.errors import AccountMissing
from apps.payouts.models import PayoutAccount
from apps.payouts.notices import tell_account, tell_destination_changed
from apps.payouts.schedules import due_day
from apps.payouts.services.locks import lock_account, lock_organization

logger = logging.getLogger(__name__)


@transaction.atomic
def save_account(*, actor: Actor, details: AccountDetails) -> PayoutAccount:
    """Say where money is sent, or change it; payouts under way go where they were sent.

    With a bank or PayPal the account is active at once, with the provider when that says so (`refresh_account`).
    Everybody who may see payouts is told of a new destination. Raises `NotAllowed`, `Invalid`.
    """
    actor.require(Action.PAYOUTS_MANAGE)
    details = checked(details)
    account = lock_account(actor.organization.pk) or PayoutAccount(organization=actor.organization)
    is_new, before, schedule = account.pk is None, account.destination, account.schedule
    for name, value in asdict(details).items():
        setattr(account, name, value)
    if details.method == PayoutMethod.PROVIDER:
        account.provider = settings.PAYMENT_PROVIDER
        if not account.provider_account:
            account.status = AccountStatus.INCOMPLETE
    else:
        account.provider = account.provider_account = ""
        account.status, account.requirements = AccountStatus.ACTIVE, []
    if is_new or schedule != account.schedule:
        # The first payout is that of the next day of the schedule.
        account.scheduled_on = due_day(account.schedule, clock.now().date())
    account.save()
    if not is_new and before != account.destination:
        tell_destination_changed(account)
    verb = "added" if is_new else "changed"
    summary = f"Payouts by {account.get_method_display()} to {account.legal_name}, {account.get_schedule_display()}"
    record_action(actor, f"payout_account.{verb}", summary, target=account.public_id)
    return account


def start_onboarding(*, actor: Actor, return_url: str, refresh_url: str) -> str:
    """The address of the provider's page on which the creator gives their details; it holds for minutes.

    Cannot be called inside a transaction. Raises `NotAllowed`, `AccountMissing`, `Conflict` for an account that is not
    the provider's, `ProviderUnavailable`.
    """
    actor.require(Action.PAYOUTS_MANAGE)
    account = PayoutAccount.objects.filter(organization=actor.organization).first()
    if account is None:
        raise AccountMissing
    if account.method != PayoutMethod.PROVIDER:
        raise Conflict(_("You are not paid through the payment provider."))
    provider = provider_named(account.provider)
    reference = account.provider_account or provider.create_account(
        idempotency_key=account.public_id,
        organization_id=actor.organization.public_id,
        email=actor.user.email,
        country=account.country,
    )
    with committed():
        if not account.provider_account:
            lock_organization(actor.organization.pk)
            PayoutAccount.objects.filter(pk=account.pk, method=PayoutMethod.PROVIDER).update(provider_account=reference)
        summary = "Went to the payment provider's page for the details of payouts"
        record_action(actor, "payout_account.setup_started", summary, target=account.public_id)
    return provider.account_link(account=reference, return_url=return_url, refresh_url=refresh_url)


def refresh_account(*, account: PayoutAccount) -> PayoutAccount:
    """Ask the provider how the account stands. Cannot be called inside a transaction; without an answer it stays."""
    if not account.provider_account:
        return account
    try:
        found = provider_named(account.provider).account_status(account=account.provider_account)
    except ProviderUnavailable:
        logger.warning("payout account %s: the provider gave no answer", account.public_id)
        return account
    with committed():
        current = lock_account(account.organization_id)
        if current is None or current.provider_account != account.provider_account:
            return account
        return _record_status(
            current,
            is_known=found.details_submitted,
            is_payable=found.payouts_enabled,
            requirements=list(found.requirements),
        )


def refresh_accounts() -> int:
    """Ask about every account at the provider. How many have changed."""
    changed = 0
    for account in PayoutAccount.objects.exclude(provider_account="").order_by("pk").iterator():
        try:
            changed += refresh_account(account=account).status != account.status
        except Exception:
            logger.exception("payout account %s cannot be asked about", account.public_id)
    return changed


def _record_status(
    account: PayoutAccount, *, is_known: bool, is_payable: bool, requirements: list[str]
) -> PayoutAccount:
    if is_known and is_payable:
        status = AccountStatus.ACTIVE
    elif is_known or account.status != AccountStatus.INCOMPLETE:
        status = AccountStatus.RESTRICTED
    else:
        status = AccountStatus.INCOMPLETE
    is_changed = status != account.status
    account.status, account.requirements = status, requirements
    account.save(update_fields=["status", "requirements", "updated_at"])
    if is_changed:
        record_event(
            organization=account.organization,
            actor=None,
            action=f"payout_account.{status}",
            target=account.public_id,
            summary=f"The payment provider says that the account is {status}",
        )
        tell_account(account)
    return account


@transaction.atomic
def stop_payouts(*, staff: User, account: PayoutAccount, reason: str) -> PayoutAccount:
    """No money goes there until staff allow it again; what is not sent yet is held."""
    return _stop(staff, account, reason, stopped=True)


@transaction.atomic
def allow_payouts(*, staff: User, account: PayoutAccount, reason: str) -> PayoutAccount:
    return _stop(staff, account, reason, stopped=False)


def _stop(staff: User, account: PayoutAccount, reason: str, *, stopped: bool) -> PayoutAccount:
    require_staff(staff, "payouts.change_payoutaccount")
    reason = checked_reason(reason)
    current = lock_account(account.organization_id)
    assert current is not None  # accounts are not deleted
    if (current.stopped_at is not None) == stopped:
        raise Conflict
    current.stopped_at = clock.now() if stopped else None
    current.save(update_fields=["stopped_at", "updated_at"])
    record_event(
        organization=current.organization,
        actor=staff,
        action="payout_account.stopped" if stopped else "payout_account.allowed",
        target=current.public_id,
        summary=f"Payouts {'stopped' if stopped else 'allowed again'}: {reason}",
    )
    return current
