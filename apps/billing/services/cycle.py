"""The turn of billing periods, in three steps that can each be repeated: turn, issue, collect.

One subscription or invoice in each transaction (`working`): several may run at once, and what fails is tried again the
next minute.
"""

import logging

from django.db.models import Exists, F, OuterRef, Q, QuerySet
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
from apps.billing.services.renewals import draft_renewal, restart_waived, with_waived_period
from apps.billing.services.stretches import are_complete, draft_usage, note_usage, overage_lines
from apps.billing.services.trials import cannot_go_on
from apps.billing.services.working import KEYS_AT_ONCE, Deadline, work_on_each
from apps.core import clock
from apps.plans.enums import OverageRule
from apps.subscriptions import services as subscriptions
from apps.subscriptions.enums import CollectedBy, SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.selectors import list_due

logger = logging.getLogger(__name__)


def close_due_periods(*, seconds: int | None = None) -> dict[str, int]:
    """Turn every billing period that is over, issue what is complete, and charge it; how much of each was done.

    After so many seconds it begins nothing more: the next call goes on. Cannot be called inside a transaction.
    """
    until, turned = Deadline(seconds), 0
    # Again, as more than one period of a subscription may be over.
    while now_turned := work_on_each(list_due(clock.now()).select_related("plan"), turn_period, until=until):
        turned += now_turned
    return {
        "periods turned": turned,
        "waived periods ended": work_on_each(with_waived_period(), restart_waived, until=until),
        "canceled subscriptions billed": work_on_each(_canceled_with_usage(), bill_canceled, until=until),
        "subscriptions with leftovers billed": work_on_each(with_stranded_items(), bill_stranded, until=until),
        "invoices issued": work_on_each(_drafts(), issue_draft, until=until),
        "invoices collected": _collect_all(until),
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


def _drafts() -> QuerySet[Invoice]:
    return Invoice.objects.filter(status=InvoiceStatus.DRAFT).select_related("organization")


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
        collected_by=CollectedBy.PLATFORM,
        plan__quotas__overage__in=OverageRule.charged(),
        current_period_start__lt=F("canceled_at"),
    ).order_by("pk")


def _collect_all(until: Deadline) -> int:
    waiting = Invoice.objects.filter(
        status=InvoiceStatus.OPEN, reason__in=InvoiceReason.automatic(), collected_at__isnull=True
    ).select_related("subscription")
    collected, last = 0, 0
    while invoices := list(waiting.filter(pk__gt=last).order_by("pk")[:KEYS_AT_ONCE]):
        for invoice in invoices:
            if until.is_over:
                return collected
            try:
                collected += collect_invoice(invoice=invoice)
            except Exception:
                logger.exception("invoice %s cannot be collected", invoice)
        last = invoices[-1].pk
    return collected
