"""What creators are told about their money, and staff about what only they can put right."""

from django.conf import settings
from django.utils.translation import gettext as _

from apps.accounts.models import Organization
from apps.accounts.permissions import Action
from apps.billing.notices import amount_in_words
from apps.core.jobs import enqueue
from apps.notifications.services import notify
from apps.payouts.models import Payout, PayoutAccount

MAIL_TASK = "payouts.mail_staff"


def tell_paid(payout: Payout) -> None:
    _tell(
        payout.organization,
        "payout.paid",
        _("%(amount)s was sent to you") % _values(payout),
        _("The payout %(id)s over %(amount)s is on its way to your account: %(method)s.") % _values(payout),
    )


def tell_returned(payout: Payout) -> None:
    _tell(
        payout.organization,
        "payout.returned",
        _("The payout of %(amount)s did not go through") % _values(payout),
        _("The payout %(id)s over %(amount)s is %(status)s. The amount is in your balance again.") % _values(payout),
    )


def tell_held(payout: Payout) -> None:
    _tell(
        payout.organization,
        "payout.held",
        _("The payout of %(amount)s is held") % _values(payout),
        _(
            "Your account cannot take the payout %(id)s over %(amount)s now. Nothing is lost: it is sent once the"
            " account is in order. See under Payouts what is asked for."
        )
        % _values(payout),
    )


def tell_account(account: PayoutAccount) -> None:
    """Its status has changed at the provider."""
    _tell(
        account.organization,
        f"payout_account.{account.status}",
        _("Your payout account: %(status)s") % {"status": account.get_status_display()},
        _("See under Payouts whether something is asked for."),
    )


def tell_destination_changed(account: PayoutAccount) -> None:
    """Whoever took over an account would change this first: everybody who may see payouts hears of it."""
    _tell(
        account.organization,
        "payout_account.changed",
        _("Where your payouts are sent was changed"),
        _("Payouts go out by %(method)s to %(name)s from now on. If this was none of you, tell us at once.")
        % {"method": account.get_method_display(), "name": account.legal_name},
    )


def tell_staff(subject: str, body: str) -> None:
    """By e-mail after the caller's commit, to `STAFF_EMAILS`."""
    if settings.STAFF_EMAILS:
        enqueue(MAIL_TASK, subject=subject, body=body)


def _tell(organization: Organization, kind: str, title: str, body: str) -> None:
    url = f"/o/{organization.slug}/payouts/"
    notify(organization=organization, kind=kind, title=title, body=body, url=url, action=Action.PAYOUTS_VIEW)


def _values(payout: Payout) -> dict[str, str]:
    return {
        "id": payout.public_id,
        "amount": amount_in_words(payout.amount, payout.currency),
        "status": str(payout.get_status_display()),
        "method": str(payout.get_method_display()),
    }
