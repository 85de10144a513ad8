from django.utils.translation import gettext_noop

from apps.core.errors import Conflict


class InvoiceNotOpen(Conflict):
    code = "invoice_not_open"
    message = gettext_noop("This invoice is not open any more. Load the page again and see how it is now.")


class CheckoutClosed(Conflict):
    code = "checkout_closed"
    message = gettext_noop("This checkout is over. Begin a new one.")


class ApprovalPending(Conflict):
    code = "approval_pending"
    message = gettext_noop("The creator has not approved this subscription yet. You are told when they have.")


class CouponRefused(Conflict):
    code = "coupon_refused"
    message = gettext_noop("This coupon cannot be used.")


class PaymentOverdue(Conflict):
    code = "payment_overdue"
    message = gettext_noop("An invoice of this subscription is open. Pay it first, then change the plan.")


class TaxNotKnown(Conflict):
    """The provider of taxes gave no answer, or none that an invoice can be issued with; nothing has changed."""

    code = "tax_not_known"
    message = gettext_noop("The tax cannot be reckoned at the moment. Nothing was charged: try again in a minute.")


class TaxDetailsNeeded(TaxNotKnown):
    code = "tax_details_needed"
    message = gettext_noop(
        "The tax cannot be reckoned from your billing details. Check the country, postal code, state and tax id there,"
        " and try again."
    )


class EarlierInvoiceOpen(Conflict):
    """`details` has `invoice`, its id."""

    code = "earlier_invoice_open"
    message = gettext_noop("An invoice of your earlier subscription to this product is open. Pay it first.")


class CreditTooLarge(Conflict):
    """`details` has `creditable_amount`, in minor units."""

    code = "credit_too_large"
    message = gettext_noop("This is more than what is left of the invoice.")


class CreditLeavesTooLittle(Conflict):
    """`details` has `smallest_amount`, in minor units."""

    code = "credit_leaves_too_little"
    message = gettext_noop("Too little would be left of this invoice to be charged. Credit all of it, or less.")


class CaseTooLate(Conflict):
    code = "case_too_late"
    message = gettext_noop("Calls can be disputed for 30 days after their invoice was issued. Ask the creator.")


class CaseClosed(Conflict):
    code = "case_closed"
    message = gettext_noop("This case is closed: it was answered or withdrawn.")


class CaseOpen(Conflict):
    code = "case_open"
    message = gettext_noop("Calls of this line are disputed already. Wait for the answer, or withdraw the case first.")


class NothingToReport(Conflict):
    code = "nothing_to_report"
    message = gettext_noop("Stripe has not refused to report this.")


class NothingToCredit(Conflict):
    code = "nothing_to_credit"
    message = gettext_noop("Nothing of this invoice can be credited: it is void, or was credited before.")
