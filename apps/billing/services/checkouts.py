"""Checkouts: a purchase from the first click to its payment, or to the end of its time."""

import datetime as dt
import logging

from django.db import transaction
from django.db.models import Q

from apps.accounts.access import Actor
from apps.accounts.audit import record_action
from apps.accounts.permissions import Action
from apps.billing.enums import CheckoutKind, CheckoutStatus, InvoiceReason, InvoiceStatus
from apps.billing.errors import ApprovalPending, CheckoutClosed, EarlierInvoiceOpen
from apps.billing.models import Checkout, Invoice
from apps.billing.services.discounts import discount_lines, note_discount
from apps.billing.services.invoicing import (
    LineSpec,
    draft_invoice,
    issue_invoice,
    lock_invoice,
    plan_line,
    void_invoice,
)
from apps.billing.services.items import add_items, smallest_charge
from apps.billing.services.redeeming import record_redemption
from apps.core import clock
from apps.core.transactions import answering
from apps.payments.errors import PaymentPending
from apps.payments.selectors import require_not_being_paid
from apps.plans.models import Plan
from apps.plans.periods import period_at
from apps.subscriptions import services as subscriptions
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.locks import lock_product_of_sale, lock_subscription
from apps.subscriptions.models import Subscription
from apps.subscriptions.overage import OverageChoice
from apps.subscriptions.selectors import has_trial

# How long the price of a new subscription is held.
SUBSCRIBE_LIFETIME = dt.timedelta(hours=24)
# How old the invoice of a new subscription may be when it is paid: the first period begins with it.
PERIOD_HELD = dt.timedelta(hours=1)

logger = logging.getLogger(__name__)


@answering
@transaction.atomic
def start_checkout(*, actor: Actor, plan: Plan, overage: OverageChoice | None = None, coupon: str = "") -> Checkout:
    """Subscribe the actor's organization; what it comes to is seen at the checkout's status and invoice.

    Completed: nothing is to be paid, and the subscription is active. Open with an invoice: it is active once that is
    paid. Open without one: the creator has to approve first; after that, this service issues the invoice, or paying.
    A checkout for the same plan that is open goes on; one for another plan of the product is given up. A trial that
    needs a card is open, without an invoice, until `pay_checkout` names one. Raises as `subscribe`, `CouponRefused`
    where the code `coupon` is one that cannot be used, `EarlierInvoiceOpen` and `TaxNotKnown`.
    """
    actor.require(Action.SUBSCRIPTIONS_MANAGE)
    lock_product_of_sale(plan.product_id)  # before the subscription, as `subscribe` needs it later
    _check_nothing_owed(actor, plan)
    waiting = _locked_incomplete(actor, plan)
    if waiting is not None:
        checkout = find_open(waiting)
        if waiting.plan_id == plan.pk:
            if overage is not None:
                waiting = subscriptions.set_overage(actor=actor, subscription=waiting, choice=overage)
            if coupon:
                record_redemption(actor=actor, subscription=waiting, code=coupon)
                if checkout is not None and checkout.invoice is not None:
                    return reprice(actor=actor, subscription=waiting, checkout=checkout)
            if checkout is None or checkout.invoice_id is None:
                return _issue(actor, waiting, checkout)
            if checkout.expires_at is not None and checkout.expires_at > clock.now():
                return checkout
        if checkout is not None:
            close_unpaid(checkout=checkout)
        subscriptions.abandon(subscription=waiting)
    subscription = subscriptions.subscribe(actor=actor, plan=plan, overage=overage)
    if coupon:
        record_redemption(actor=actor, subscription=subscription, code=coupon)
    if subscription.status == SubscriptionStatus.INCOMPLETE:
        return _issue(actor, subscription, None)
    done = subscription.status != SubscriptionStatus.PENDING_APPROVAL
    return _new_checkout(actor, subscription, completed=done)


def _check_nothing_owed(actor: Actor, plan: Plan) -> None:
    """Who has not paid for the product does not begin anew with it. Raises `EarlierInvoiceOpen`."""
    earlier = Invoice.objects.filter(
        organization=actor.organization,
        product=plan.product_id,
        status__in=[InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE],
        reason__in=InvoiceReason.automatic(),
        subscription__status=SubscriptionStatus.CANCELED,
    ).first()
    if earlier is not None:
        raise EarlierInvoiceOpen(invoice=earlier.public_id)


@transaction.atomic
def issue_approved(*, actor: Actor, checkout: Checkout) -> Checkout:
    """Issue the invoice of an open checkout whose subscription the creator has approved; once more is no error.

    Raises `ApprovalPending` before that, `CheckoutClosed` where the checkout is over.
    """
    actor.require(Action.BILLING_MANAGE)
    subscription = lock_subscription(checkout.subscription, Q(organization=actor.organization))
    found = find_open(subscription)
    if found is None or found.pk != checkout.pk:
        raise CheckoutClosed
    if found.invoice is not None:
        return found
    if subscription.status == SubscriptionStatus.PENDING_APPROVAL:
        raise ApprovalPending
    if subscription.status != SubscriptionStatus.INCOMPLETE:
        raise CheckoutClosed
    return _issue(actor, subscription, found)


def expire_checkouts() -> int:
    """Close the checkouts whose time is over or whose subscription needs none any more; how many."""
    ended = Q(expires_at__lte=clock.now()) | Q(subscription__status=SubscriptionStatus.CANCELED)
    # Approved, and nothing to pay.
    through = Q(invoice__isnull=True, subscription__status__in=SubscriptionStatus.callable())
    closed = 0
    for pk in list(Checkout.objects.filter(ended | through, status=CheckoutStatus.OPEN).values_list("pk", flat=True)):
        try:
            closed += _expire(pk)
        except PaymentPending:
            continue  # what its payment comes to is known within a minute
        except Exception:
            logger.exception("checkout %s cannot be closed", pk)
    return closed


def renew_invoice(*, checkout: Checkout, subscription: Subscription, invoice: Invoice) -> Invoice:
    """The invoice that is to be paid now for a subscription that has not begun: this one, or a new one in its place.

    What is sold begins with the period on its invoice. Where that was issued a while ago, the buyer would lose the time
    since, so it is void and another one issued, at the same price. The caller has locked subscription and invoice.
    """
    now = clock.now()
    if checkout.kind != CheckoutKind.SUBSCRIBE or invoice.period_start > now - PERIOD_HELD:
        return invoice
    void_invoice(invoice=invoice)
    checkout.invoice = renewed = _first_invoice(subscription, _first_lines(subscription, now), due_at=invoice.due_at)
    checkout.save(update_fields=["invoice"])
    return renewed


def reprice(*, actor: Actor, subscription: Subscription, checkout: Checkout) -> Checkout:
    """Ask for another price in an open checkout with an invoice: that one is void, and a new one issued.

    The caller has locked the subscription. Raises `PaymentPending` while the invoice is being paid.
    """
    assert checkout.invoice is not None
    invoice = lock_invoice(checkout.invoice)
    require_not_being_paid(invoice.public_id)
    void_invoice(invoice=invoice)
    checkout.invoice = None
    return _issue(actor, subscription, checkout)


def find_open(subscription: Subscription) -> Checkout | None:
    """The open checkout of a subscription that the caller has locked."""
    return (
        Checkout.objects.select_related("invoice", "plan", "subscription")
        .filter(subscription=subscription, status=CheckoutStatus.OPEN)
        .first()
    )


def close_unpaid(*, checkout: Checkout) -> None:
    """Give up an open checkout and void its invoice. The caller has locked the subscription.

    Raises `PaymentPending` while a payment of it is under way.
    """
    if checkout.invoice is not None:
        invoice = lock_invoice(checkout.invoice)
        require_not_being_paid(invoice.public_id)
        if invoice.status == InvoiceStatus.OPEN:
            void_invoice(invoice=invoice)
    checkout.status = CheckoutStatus.EXPIRED
    checkout.save(update_fields=["status"])


def complete(*, checkout: Checkout, at: dt.datetime) -> None:
    checkout.status = CheckoutStatus.COMPLETED
    checkout.completed_at = at
    checkout.save(update_fields=["status", "completed_at", "invoice"])


@transaction.atomic
def _expire(pk: int) -> bool:
    found = Checkout.objects.select_related("subscription").get(pk=pk)
    subscription = lock_subscription(found.subscription, Q())
    checkout = find_open(subscription)
    if checkout is None or checkout.pk != pk:
        return False
    if checkout.invoice is None and subscription.status in SubscriptionStatus.callable():
        complete(checkout=checkout, at=clock.now())
        return True
    close_unpaid(checkout=checkout)
    if checkout.kind == CheckoutKind.SUBSCRIBE and subscription.status == SubscriptionStatus.INCOMPLETE:
        subscriptions.abandon(subscription=subscription)
    return True


def _locked_incomplete(actor: Actor, plan: Plan) -> Subscription | None:
    """The organization's purchase of the product that is not paid yet."""
    found = Subscription.objects.filter(
        organization=actor.organization, product_id=plan.product_id, status=SubscriptionStatus.INCOMPLETE
    ).first()
    if found is None:
        return None
    locked = lock_subscription(found, Q(organization=actor.organization))
    return locked if locked.status == SubscriptionStatus.INCOMPLETE else None


def _issue(actor: Actor, subscription: Subscription, checkout: Checkout | None) -> Checkout:
    """The checkout of a subscription that waits for its first payment, with the invoice."""
    now = clock.now()
    if subscription.organization_id == subscription.product.organization_id:
        # An organization pays nothing for its own product.
        subscriptions.activate(subscription=subscription, at=now)
        checkout = checkout or _new_checkout(actor, subscription)
        complete(checkout=checkout, at=now)
        return checkout
    checkout = checkout or _new_checkout(actor, subscription)
    checkout.expires_at = now + SUBSCRIBE_LIFETIME
    if not has_trial(subscription.organization, subscription.plan):
        lines = _first_lines(subscription, now)
        if sum(line.amount for line in lines) < smallest_charge(subscription.plan.currency):
            return _begin_unpaid(checkout, subscription, lines, now)
        checkout.invoice = _first_invoice(subscription, lines, due_at=checkout.expires_at)
    checkout.save(update_fields=["expires_at", "invoice"])
    return checkout


def _begin_unpaid(checkout: Checkout, subscription: Subscription, lines: list[LineSpec], at: dt.datetime) -> Checkout:
    """Begin a subscription whose first period costs less than can be charged: it goes to the next invoice."""
    subscriptions.activate(subscription=subscription, at=at)
    note_discount(subscription=subscription, lines=lines, invoice=None, period_start=lines[0].start)
    if sum(line.amount for line in lines):
        source = f"first:{subscription.public_id}"
        add_items(subscription=subscription, currency=subscription.plan.currency, lines=lines, source=source)
    complete(checkout=checkout, at=at)
    return checkout


def _first_lines(subscription: Subscription, at: dt.datetime) -> list[LineSpec]:
    """The price of the first period, up to the end of its product, less what a coupon takes off."""
    plan = subscription.plan
    period = period_at(plan.interval, "subscription", at, at)
    price = plan_line(plan, *period, until=subscription.product.retires_at)
    return [price, *discount_lines(subscription=subscription, lines=[price])]


def _first_invoice(subscription: Subscription, lines: list[LineSpec], *, due_at: dt.datetime | None) -> Invoice:
    invoice = draft_invoice(
        subscription=subscription,
        reason=InvoiceReason.SUBSCRIBE,
        currency=subscription.plan.currency,
        start=lines[0].start,
        end=lines[0].end,
        lines=lines,
    )
    note_discount(subscription=subscription, lines=lines, invoice=invoice, period_start=lines[0].start)
    return issue_invoice(invoice=invoice, due_at=due_at)


def _new_checkout(actor: Actor, subscription: Subscription, *, completed: bool = False) -> Checkout:
    checkout = Checkout.objects.create(
        kind=CheckoutKind.SUBSCRIBE,
        organization=actor.organization,
        subscription=subscription,
        plan=subscription.plan,
        status=CheckoutStatus.COMPLETED if completed else CheckoutStatus.OPEN,
        completed_at=clock.now() if completed else None,
        created_by=actor.user,
    )
    summary = f"Began the checkout of {subscription.product.name}, plan {subscription.plan.name}"
    record_action(actor, "checkout.started", summary, target=checkout.public_id)
    return checkout
