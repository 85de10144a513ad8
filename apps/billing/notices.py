"""What the people who pay are told."""

import datetime as dt

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.accounts.permissions import Action
from apps.billing.models import CreditNote, Invoice, UsageCase
from apps.core.money import major_units, minor_unit_digits
from apps.notifications.services import notify
from apps.payments.models import Dispute, Refund
from apps.products.hosting import is_hosting
from apps.subscriptions.models import Subscription


def tell_unpaid(invoice: Invoice, *, why: str, next_attempt_at: dt.datetime) -> None:
    """It could not be charged by itself, and is tried again."""
    values = _values(invoice) | {"why": why, "when": _day(next_attempt_at)}
    _tell(
        invoice,
        "invoice.payment_failed",
        _("Payment of %(amount)s for %(product)s failed") % values,
        _(
            "%(why)s\n\nThe invoice %(number)s over %(amount)s is open. Pay it with another card to go on, or have the "
            "default card ready: it is tried again on %(when)s."
        )
        % values,
        action=Action.BILLING_MANAGE,
    )


def tell_given_up(invoice: Invoice, *, why: str, is_stopped: bool) -> None:
    """It was tried for the last time; `is_stopped`: the keys of its subscription do not work from now on."""
    values = _values(invoice) | {"why": why}
    body = (
        _("%(why)s\n\nThe invoice %(number)s over %(amount)s is open, and is not charged by itself any more.") % values
    )
    if is_stopped and is_hosting(invoice.product):
        body += " " + _(
            "Until you have paid it, your products go on, and no further one can be published. If it is not paid "
            "within %(days)s days, the subscription is canceled."
        ) % {"days": settings.UNPAID_DAYS}
    elif is_stopped:
        body += " " + _(
            "Until you have paid it, calls of %(product)s are refused with 402. They pass again within seconds of the "
            "payment. If it is not paid within %(days)s days, the subscription is canceled."
        ) % (values | {"days": settings.UNPAID_DAYS})
    title = (
        _("%(product)s is stopped: %(amount)s is unpaid") if is_stopped else _("%(amount)s for %(product)s is unpaid")
    )
    _tell(invoice, "invoice.unpaid", title % values, body, action=Action.BILLING_MANAGE)


def tell_canceled_unpaid(invoice: Invoice) -> None:
    """The subscription of an invoice that nobody paid has ended."""
    values = _values(invoice)
    _tell(
        invoice,
        "subscription.canceled_unpaid",
        _("Your subscription to %(product)s is canceled: it was not paid") % values,
        _("The invoice %(number)s over %(amount)s was not paid. You still owe it, and can pay it on its page.")
        % values,
    )


def tell_confirmation(invoice: Invoice, *, action_url: str) -> None:
    """The bank wants the cardholder to confirm a charge that nobody was there for."""
    values = _values(invoice) | {"url": action_url}
    _tell(
        invoice,
        "invoice.confirmation_needed",
        _("Confirm the payment of %(amount)s for %(product)s") % values,
        _("Your bank wants you to confirm the payment of the invoice %(number)s within 24 hours:\n\n%(url)s") % values,
        action=Action.BILLING_MANAGE,
    )


def tell_trial_ends(subscription: Subscription, *, has_card: bool) -> None:
    """A few days before: what is charged then, or that a card is needed."""
    plan = subscription.pending_plan or subscription.plan
    values = {
        "product": subscription.product.name,
        "plan": plan.name,
        "amount": amount_in_words(plan.price_amount, plan.currency),
        "when": _day(subscription.trial_ends_at) if subscription.trial_ends_at else "",
    }
    if subscription.cancel_at_period_end:
        body = _("You have canceled it: it ends then, and nothing is charged.")
    elif plan.is_free:
        body = _("It goes on under the free plan %(plan)s.") % values
    elif has_card:
        body = _("It goes on under the plan %(plan)s then, and %(amount)s is charged to the default card.") % values
    else:
        body = (
            _("Add a card to go on under the plan %(plan)s for %(amount)s. Without one, it is canceled then.") % values
        )
    _tell_of_subscription(
        subscription, "subscription.trial_ends", _("Your trial of %(product)s ends on %(when)s") % values, body
    )


def tell_trial_unpaid(subscription: Subscription) -> None:
    """It has ended, as there was no card."""
    values = {"product": subscription.product.name}
    _tell_of_subscription(
        subscription,
        "subscription.trial_unpaid",
        _("Your trial of %(product)s has ended") % values,
        _(
            "There was no card to go on with, so the subscription is canceled, and nothing was charged. "
            "Subscribe again to go on."
        ),
    )


def tell_paid(invoice: Invoice) -> None:
    """The receipt, for everybody who sees the invoices: who paid may not be who does the books."""
    values = _values(invoice)
    _tell(
        invoice,
        "invoice.paid",
        _("Paid %(amount)s for %(product)s") % values,
        _("The invoice %(number)s over %(amount)s is paid. You find it, also as PDF, under Billing.") % values,
    )


def tell_refund_due(invoice: Invoice) -> None:
    """Paid for nothing: it stands in place of the receipt."""
    values = _values(invoice)
    _tell(
        invoice,
        "invoice.refund_due",
        _("%(amount)s for %(product)s will be given back") % values,
        _(
            "The invoice %(number)s over %(amount)s was paid, but the subscription was canceled or changed meanwhile, "
            "so nothing was given for it. The amount will be given back."
        )
        % values,
    )


def tell_credited(note: CreditNote) -> None:
    """Something of an invoice was taken back, and what becomes of the amount."""
    values = _values(note.invoice) | {
        "amount": amount_in_words(note.total_amount, note.invoice.currency),
        "note": note.number,
        "why": note.note or note.get_reason_display(),
    }
    if note.is_refund:
        title = _("%(amount)s for %(product)s is given back") % values
        text = _("%(amount)s of the invoice %(number)s goes back to the card that paid it: %(why)s.")
    else:
        title = _("%(amount)s for %(product)s is not to be paid") % values
        text = _("The invoice %(number)s asks for %(amount)s less: %(why)s.")
    more = _("The credit note %(note)s stands, also as PDF, beside the invoice.")
    _tell(note.invoice, "invoice.credited", title, f"{text}\n\n{more}" % values)


def tell_refund_failed(invoice: Invoice, refund: Refund) -> None:
    """The provider could not give the money back; staff see to it."""
    values = _values(invoice) | {"amount": amount_in_words(refund.amount, refund.currency)}
    _tell(
        invoice,
        "invoice.refund_failed",
        _("%(amount)s for %(product)s could not be given back yet") % values,
        _(
            "The payment provider could not refund %(amount)s of the invoice %(number)s to your card. "
            "Our staff see to it; you have nothing to do."
        )
        % values,
    )


def tell_dispute(invoice: Invoice, dispute: Dispute, what: str) -> None:
    """The creator, from whose earnings it is taken: what happened to a sale of theirs."""
    creator, subscription = invoice.product.organization, invoice.subscription
    values = _values(invoice) | {
        "amount": amount_in_words(dispute.amount, dispute.currency),
        "consumer": invoice.organization.name,
        "what": what,
    }
    notify(
        organization=creator,
        kind="invoice.disputed",
        title=_("A payment for %(product)s %(what)s") % values,
        body=_(
            "%(amount)s that %(consumer)s paid with the invoice %(number)s %(what)s. While it is disputed or lost, "
            "your share of it is taken from your balance."
        )
        % values,
        url=f"/o/{creator.slug}/studio/{invoice.product.slug}/consumers/{subscription.public_id}/",
        action=Action.CONSUMERS_MANAGE,
    )


def tell_case_opened(case: UsageCase) -> None:
    """The creator, who answers it."""
    invoice = case.line.invoice
    creator = invoice.product.organization
    values = _values(invoice) | {
        "amount": amount_in_words(case.asked_amount, invoice.currency),
        "consumer": invoice.organization.name,
        "text": case.text,
    }
    notify(
        organization=creator,
        kind="case.opened",
        title=_("%(consumer)s disputes calls of %(product)s") % values,
        body=_(
            "They ask for %(amount)s of the invoice %(number)s:\n\n%(text)s\n\nAccept it, whole or in part, or refuse."
        )
        % values,
        url=f"/o/{creator.slug}/studio/{invoice.product.slug}/cases/{case.public_id}/",
        action=Action.CONSUMERS_MANAGE,
    )


def tell_case_answered(case: UsageCase) -> None:
    """The consumer, what the creator decided."""
    invoice = case.line.invoice
    values = _values(invoice) | {"answer": case.answer}
    if case.credit_note is None:
        title = _("Your case about %(product)s is refused") % values
        body = _("The creator gives back nothing of the invoice %(number)s:\n\n%(answer)s") % values
    else:
        values["amount"] = amount_in_words(case.credit_note.total_amount, invoice.currency)
        title = _("Your case about %(product)s is accepted") % values
        body = _("The creator credits %(amount)s of the invoice %(number)s.\n\n%(answer)s") % values
    _tell(invoice, "case.answered", title, body.strip())


def amount_in_words(amount: int, currency: str) -> str:
    """`1,299.00 USD`."""
    return f"{major_units(amount, currency):,.{minor_unit_digits(currency)}f} {currency}"


def _tell(invoice: Invoice, kind: str, title: str, body: str, *, action: Action = Action.BILLING_VIEW) -> None:
    organization = invoice.organization
    url = f"/o/{organization.slug}/billing/invoices/{invoice.public_id}/"
    notify(organization=organization, kind=kind, title=title, body=body, url=url, action=action)


def _tell_of_subscription(subscription: Subscription, kind: str, title: str, body: str) -> None:
    organization = subscription.organization
    url = f"/o/{organization.slug}/subscriptions/{subscription.public_id}/"
    notify(organization=organization, kind=kind, title=title, body=body, url=url, action=Action.SUBSCRIPTIONS_MANAGE)


def _day(at: dt.datetime) -> str:
    return date_format(at.astimezone(dt.UTC), "j F Y")


def _values(invoice: Invoice) -> dict[str, str | None]:
    return {
        "amount": amount_in_words(invoice.total_amount, invoice.currency),
        "product": invoice.product.name,
        "number": invoice.number,
    }
