from django.utils.translation import gettext_noop

from apps.core.errors import Conflict, Invalid


class AccountMissing(Conflict):
    code = "payout_account_missing"
    message = gettext_noop("Say first where the money is to be sent.")


class AccountNotReady(Conflict):
    code = "payout_account_not_ready"
    message = gettext_noop("The payout account cannot take money now. Complete it, or wait until it is checked.")


class NotAvailable(Conflict):
    """More than there is to be paid out. `details` has `available_amount` and `currency`."""

    code = "amount_not_available"
    message = gettext_noop("This is more than can be paid out now.")


class BelowMinimum(Invalid):
    """`details` has `minimum_amount` and `currency`."""

    code = "below_minimum"
    message = gettext_noop("This is less than the smallest payout.")


class PayoutMoved(Conflict):
    """The payout is in another status than the action needs."""

    code = "payout_status"
    message = gettext_noop("The payout has moved on meanwhile. Load the page again and see how it is now.")


class OnePersonTwice(Conflict):
    code = "second_person_needed"
    message = gettext_noop(
        "Who asked for a payout, belongs to its organization or approved it already, cannot approve."
    )
