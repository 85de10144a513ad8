"""The creators' accounts at Stripe (Express), and transfers to them."""

import stripe

from apps.payments.errors import ProviderUnavailable
from apps.payments.models import StripeAccount
from apps.payments.providers.base import AccountStatus, TransferResult
from apps.payments.providers.stripe.amounts import NotSendable, to_stripe
from apps.payments.providers.stripe.charges import NOT_SENDABLE
from apps.payments.providers.stripe.client import asking, client
from apps.payments.providers.stripe.names import KEY, ORGANIZATION

UNKNOWN = AccountStatus(details_submitted=False, payouts_enabled=False, requirements=("account.unknown",), country="")
# Stripe's codes in the words of the port.
_TRANSFER_CODES = {
    "resource_missing": "account_unknown",
    "insufficient_capabilities_for_transfer": "account_restricted",
    "balance_insufficient": "insufficient_balance",
}
_REVERSAL_CODES = {"balance_insufficient": "insufficient_balance", "insufficient_funds": "insufficient_balance"}


def create_account(*, idempotency_key: str, organization_id: str, email: str, country: str) -> str:
    with asking(idempotency_key):
        account = client().v1.accounts.create(
            {
                "type": "express",
                "country": country,
                "email": email,
                "capabilities": {"transfers": {"requested": True}},
                "metadata": {ORGANIZATION: organization_id},
            },
            {"idempotency_key": idempotency_key},
        )
    StripeAccount.objects.get_or_create(reference=account.id, defaults={"organization": organization_id})
    return account.id


def account_link(*, account: str, return_url: str, refresh_url: str) -> str:
    with asking():
        link = client().v1.account_links.create(
            {"account": account, "type": "account_onboarding", "return_url": return_url, "refresh_url": refresh_url}
        )
    return link.url


def account_status(*, account: str) -> AccountStatus:
    try:
        with asking():
            found = client().v1.accounts.retrieve(account)
    except stripe.InvalidRequestError:
        return UNKNOWN
    except ProviderUnavailable as error:
        # An account that was disconnected, or is another platform's, is one that we have no right to.
        if isinstance(error.__cause__, stripe.PermissionError):
            return UNKNOWN
        raise
    wanted = found.requirements.currently_due if found.requirements else None
    return AccountStatus(
        details_submitted=bool(found.details_submitted),
        payouts_enabled=bool(found.payouts_enabled),
        requirements=tuple(wanted or ()),
        country=found.country or "",
    )


def transfer(*, idempotency_key: str, destination: str, amount: int, currency: str, description: str) -> TransferResult:
    try:
        with asking(idempotency_key):
            made = client().v1.transfers.create(
                {
                    "amount": to_stripe(amount, currency),
                    "currency": currency.lower(),
                    "destination": destination,
                    "description": description,
                    "metadata": {KEY: idempotency_key},
                },
                {"idempotency_key": idempotency_key},
            )
    except NotSendable:
        return TransferResult("", NOT_SENDABLE)
    except stripe.InvalidRequestError as error:
        return TransferResult("", _TRANSFER_CODES.get(error.code or "", error.code or "transfer_failed"))
    return TransferResult(made.id)


def reverse(*, idempotency_key: str, transfer_reference: str, amount: int, currency: str) -> TransferResult:
    try:
        with asking(idempotency_key):
            made = client().v1.transfers.reversals.create(
                transfer_reference,
                {"amount": to_stripe(amount, currency), "metadata": {KEY: idempotency_key}},
                {"idempotency_key": idempotency_key},
            )
    except NotSendable:
        return TransferResult("", NOT_SENDABLE)
    except stripe.InvalidRequestError as error:
        return TransferResult("", _REVERSAL_CODES.get(error.code or "", "transfer_not_reversible"))
    return TransferResult(made.id)
