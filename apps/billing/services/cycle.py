"""The turn of billing periods, in three steps that can each be repeated: turn, issue, collect.

One subscription or invoice in each transaction, claimed with SKIP LOCKED: several may run at once, and what fails
stands in nobody's way and is tried again the next minute.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import transaction
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Least

from apps.billing.enums import InvoiceReason, InvoiceStatus
from apps.billing.models import Invoice, UsageStretch
from apps.billing.notices import tell_trial_unpaid
from apps.billing.services.checkouts import close_unpaid, find_open
from apps.billing.services.collecting import collect_invoice
from apps.billing.services.invoicing import add_lines, issue_invoice
from apps.billing.services.items import (
    bill_stranded,
    carry_over,
    charge_items,
    smallest_charge,
    waiting_items,
    with_stranded_items,
)
from apps.billing.services.renewals import draft_renewal
from apps.billing.services.stretches import are_complete, draft_usage, note_usage, overage_lines
from apps.billing.services.trials import cannot_go_on
from apps.core import clock
from apps.payments.errors import PaymentPending
from apps.plans.enums import OverageRule
from apps.subscriptions import services as subscriptions
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.selectors import list_due

Row = TypeVar("Row", bound=Model)

logger = logging.getLogger(__name__)


def close_due_periods() -> dict[str, int]:
    """Turn every billing period that is over, issue what is complete, and charge it; how much of each was done."""
    due = Subscription.objects.filter(pk__in=list_due(clock.now()).values("pk")).order_by("current_period_end", "pk")
    turned = _each(due, turn_period)
    turned_off = _each(_canceled_with_usage(), bill_canceled)
    drafts = Invoice.objects.filter(status=InvoiceStatus.DRAFT).order_by("pk")
    stranded = _each(with_stranded_items(), bill_stranded)
    issued = _each(drafts, issue_draft)
    return {
        "periods turned": turned,
        "canceled subscriptions billed": turned_off,
        "subscriptions with leftovers billed": stranded,
        "invoices issued": issued,
        "invoices collected": _collect_all(),
    }


def turn_period(subscription: Subscription) -> bool:
    """End a period that is over: what was planned for its end, and a draft of what follows. It is locked."""
    purchase = find_open(subscription)
    if purchase is not None:
        close_unpaid(checkout=purchase)  # a change that was not paid; one that is being paid comes first
    ended_plan, start, end = subscription.plan, subscription.current_period_start, subscription.current_period_end
    assert end is not None  # it is due
    if cannot_go_on(subscription):
        tell_trial_unpaid(subscriptions.end_trial_unpaid(subscription=subscription))
        return True
    was_trial = subscription.is_in_trial
    subscription = subscriptions.begin_next_period(subscription=subscription)
    used = None
    if not was_trial:
        used = note_usage(subscription=subscription, plan=ended_plan, period_start=start, end=end)
    if subscription.status == SubscriptionStatus.CANCELED:
        if used is not None:
            draft_usage(stretch=used)
        return True
    if used is not None and ended_plan.currency != subscription.plan.currency:
        draft_usage(stretch=used)
        used = None
    draft_renewal(subscription=subscription, has_usage=used is not None)
    return True


def bill_canceled(subscription: Subscription) -> bool:
    """Note and draft the extra units of a subscription that was canceled within its period."""
    start, period_end = subscription.current_period_start, subscription.current_period_end
    assert subscription.canceled_at is not None
    assert period_end is not None  # it had begun
    end = min(subscription.canceled_at, period_end)
    used = note_usage(subscription=subscription, plan=subscription.plan, period_start=start, end=end)
    if used is not None:
        draft_usage(stretch=used)
    return used is not None


def issue_draft(invoice: Invoice) -> bool:
    """Rate the extra units that a draft waits for, and issue it with all that waits for an invoice.

    One that comes to less than can be charged is no invoice: its lines wait for the next one, if it has any.

    Nothing happens while the meter has not stored every call. The draft is locked.
    """
    waiting = list(
        UsageStretch.objects.select_for_update(of=("self",))
        .select_related("subscription__product", "quota__plan__product")
        .filter(
            subscription=invoice.subscription_id,
            rated_at__isnull=True,
            end__lte=invoice.period_end if invoice.reason == InvoiceReason.USAGE else invoice.period_start,
            quota__plan__currency=invoice.currency,
        )
        .order_by("end")
    )
    if not are_complete(waiting):
        return False
    lines = [line for stretch in waiting for line in overage_lines(stretch)]
    add_lines(invoice=invoice, lines=lines)
    items = waiting_items(invoice.subscription_id, invoice.currency)
    total = sum(invoice.lines.values_list("amount", flat=True)) + sum(item.amount for item in items)
    is_charged = total >= smallest_charge(invoice.currency)
    for stretch in waiting:
        stretch.rated_at = clock.now()
        stretch.invoice = invoice if is_charged else None
        stretch.save(update_fields=["rated_at", "rated_units", "invoice"])
    if not is_charged:
        carry_over(invoice=invoice)
        return False
    charge_items(invoice=invoice, items=items)
    issue_invoice(invoice=invoice)
    return True


def _canceled_with_usage() -> QuerySet[Subscription]:
    """Canceled within a period whose extra units are charged, and not noted yet."""
    noted = UsageStretch.objects.filter(
        subscription=OuterRef("pk"), end__gte=Least(OuterRef("canceled_at"), OuterRef("current_period_end"))
    )
    return Subscription.objects.filter(
        ~Exists(noted),
        ~Q(organization=F("product__organization")),
        ~Q(trial_ends_at__isnull=False, trial_ends_at=F("current_period_end")),
        status=SubscriptionStatus.CANCELED,
        plan__quotas__overage__in=OverageRule.charged(),
        current_period_start__lt=F("canceled_at"),
    ).order_by("pk")


def _collect_all() -> int:
    waiting = Invoice.objects.filter(
        status=InvoiceStatus.OPEN, reason__in=InvoiceReason.automatic(), collected_at__isnull=True
    )
    collected = 0
    for invoice in waiting.select_related("subscription").order_by("pk"):
        try:
            collected += collect_invoice(invoice=invoice)
        except Exception:
            logger.exception("invoice %s cannot be collected", invoice)
    return collected


def _each(rows: QuerySet[Row], work: Callable[[Row], bool]) -> int:
    """Work on each row while it is among `rows`, locked, in a transaction of its own; how often something was done."""
    done, left_alone = 0, set[int]()
    while keys := [key for key in rows.values_list("pk", flat=True) if key not in left_alone]:
        for key in keys:
            try:
                worked = _locked(rows, key, work)
            except PaymentPending:
                worked = False  # what the payment comes to is known within a minute
            except Exception:
                worked = False
                logger.exception("%s %s cannot be worked on", rows.model.__name__, key)
            if worked:
                done += 1
            else:
                left_alone.add(key)
    return done


@transaction.atomic
def _locked(rows: QuerySet[Row], key: int, work: Callable[[Row], bool]) -> bool:
    row = rows.select_for_update(of=("self",), skip_locked=True, no_key=True).filter(pk=key).first()
    return row is not None and work(row)
