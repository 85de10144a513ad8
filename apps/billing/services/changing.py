"""Another plan for a subscription: at once against payment of the difference, or at the end of the period."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from apps.accounts.access import Actor
from apps.accounts.audit import record_action
from apps.accounts.permissions import Action
from apps.billing.enums import CheckoutKind, CheckoutStatus, InvoiceReason, LineKind
from apps.billing.errors import PaymentOverdue
from apps.billing.models import Checkout, Invoice
from apps.billing.quotes import Quote, quote
from apps.billing.running_period import PRICE_HELD
from apps.billing.selectors import owes
from apps.billing.services.checkouts import close_unpaid, find_open
from apps.billing.services.discounts import discount_line, note_discount
from apps.billing.services.invoicing import LineSpec, draft_invoice, issue_invoice, plan_line
from apps.billing.services.items import add_items, smallest_charge
from apps.billing.services.stretches import draft_usage, note_usage
from apps.core.transactions import answering, work_began_at
from apps.plans.models import Plan
from apps.subscriptions import services as subscriptions
from apps.subscriptions.locks import lock_subscription
from apps.subscriptions.models import Subscription
from apps.subscriptions.overage import check_card, choice_by_default
from apps.subscriptions.services.plan_changes import check_can_change, check_not_paused, lock_target


@answering
@transaction.atomic
def start_plan_change(*, actor: Actor, subscription: Subscription, plan: Plan) -> Checkout | Subscription:
    """Move a subscription of the actor's organization to another plan of its product.

    Where something is to be paid now, an open checkout whose payment makes the change; else the subscription,
    changed at once or (a plan that costs less) scheduled for the end of the period. Raises `PaymentOverdue` while an
    invoice of the subscription is open, `PaymentPending` while another change is being paid, and `TaxNotKnown`.
    """
    actor.require(Action.SUBSCRIPTIONS_MANAGE)
    plan = lock_target(actor, subscription, plan)
    subscription = lock_subscription(subscription, Q(organization=actor.organization))
    passes = subscription.overage_allowed or choice_by_default(plan).allowed
    check_card(subscription.organization, plan, overage_allowed=passes)
    check_can_change(subscription, plan)
    check_not_paused(subscription)
    before = find_open(subscription)
    # The same when it is done again with the tax: what is left of the period has one price.
    assert subscription.current_period_start is not None  # it has begun
    now = max(work_began_at(), subscription.current_period_start)
    if before is not None:
        if before.plan_id == plan.pk and before.expires_at is not None and before.expires_at > now:
            return before
        close_unpaid(checkout=before)
    offer = quote(subscription, plan, now)
    if not offer.is_now:
        return subscriptions.schedule_plan_change(actor=actor, subscription=subscription, plan=plan)
    lines = _lines(subscription, offer)
    if offer.due_amount == 0:
        _note_discount(subscription, offer, lines, None)
        return apply_change(subscription=subscription, plan=plan, at=now, actor=actor)
    if owes(subscription):
        raise PaymentOverdue
    if offer.due_amount < smallest_charge(plan.currency):
        source = f"change:{subscription.public_id}:{now:%Y%m%dT%H%M%S.%f}"
        _note_discount(subscription, offer, lines, None)
        add_items(subscription=subscription, currency=plan.currency, lines=lines, source=source)
        return apply_change(subscription=subscription, plan=plan, at=now, actor=actor)
    return _issue(actor, subscription, offer, lines)


def apply_change(*, subscription: Subscription, plan: Plan, at: dt.datetime, actor: Actor | None) -> Subscription:
    """Change the plan as of `at`, or as of the last moment of a period that has ended meanwhile."""
    assert subscription.current_period_end is not None  # it has begun
    at = min(at, subscription.current_period_end - dt.timedelta(microseconds=1))
    previous, start, was_trial = subscription.plan, subscription.current_period_start, subscription.is_in_trial
    changed = subscriptions.change_plan_now(subscription=subscription, plan=plan, at=at, actor=actor)
    if was_trial:
        return changed  # no extra units passed in it
    # Who leaves a plan that charges extra units settles them: the new one counts anew (`counts_on`).
    used = note_usage(subscription=changed, plan=previous, period_start=start, end=at)
    if used is not None:
        draft_usage(stretch=used)
    return changed


def _issue(actor: Actor, subscription: Subscription, offer: Quote, lines: Sequence[LineSpec]) -> Checkout:
    now, plan = offer.effective_at, offer.plan
    assert subscription.current_period_end is not None  # it has begun
    expires_at = min(now + PRICE_HELD, subscription.current_period_end)
    invoice = draft_invoice(
        subscription=subscription,
        reason=InvoiceReason.PLAN_CHANGE,
        currency=plan.currency,
        start=offer.start,
        end=offer.end,
        lines=lines,
    )
    _note_discount(subscription, offer, lines, invoice)
    checkout = Checkout.objects.create(
        kind=CheckoutKind.PLAN_CHANGE,
        organization=actor.organization,
        subscription=subscription,
        plan=plan,
        from_plan=subscription.plan,
        invoice=issue_invoice(invoice=invoice, due_at=expires_at),
        status=CheckoutStatus.OPEN,
        expires_at=expires_at,
        created_by=actor.user,
    )
    summary = f"Began the change of {subscription.product.name} to the plan {plan.name}"
    record_action(actor, "checkout.started", summary, target=checkout.public_id)
    return checkout


def _lines(subscription: Subscription, offer: Quote) -> list[LineSpec]:
    proration, product = offer.proration, subscription.product.name
    if offer.starts_anew:
        lines = [plan_line(offer.plan, offer.start, offer.end)]
    else:
        what = f"{product}: {offer.plan.name}"
        lines = [_line(LineKind.PRORATION_CHARGE, what, offer, offer.plan, proration.charge_amount)]
    if offer.redemption is not None and proration.discount_amount:
        lines.append(discount_line(offer.redemption, lines[0], proration.discount_amount))
    if proration.credit_amount:
        unused = f"{product}: unused part of {subscription.plan.name}"
        lines.append(_line(LineKind.PRORATION_CREDIT, unused, offer, subscription.plan, -proration.credit_amount))
    return lines


def _note_discount(
    subscription: Subscription, offer: Quote, lines: Sequence[LineSpec], invoice: Invoice | None
) -> None:
    """A period of its own takes one off the coupon; the rest of a period was taken off when that began."""
    if offer.starts_anew:
        note_discount(subscription=subscription, lines=lines, invoice=invoice, period_start=offer.start)


def _line(kind: LineKind, description: str, offer: Quote, plan: Plan, amount: int) -> LineSpec:
    return LineSpec(kind, description, plan, offer.start, offer.end, amount, Decimal(amount))
