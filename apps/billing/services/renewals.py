"""The draft of a period that is paid in advance, and the period that begins after one that nobody paid for."""

from django.db.models import F, Q, QuerySet

from apps.billing.enums import InvoiceReason
from apps.billing.models import Invoice, InvoiceItem
from apps.billing.services.discounts import discount_lines, note_discount
from apps.billing.services.invoicing import draft_invoice, plan_line
from apps.billing.services.stretches import note_usage
from apps.core import clock
from apps.subscriptions import services as subscriptions
from apps.subscriptions.enums import CollectedBy, SubscriptionStatus
from apps.subscriptions.models import Subscription


def draft_renewal(*, subscription: Subscription, has_usage: bool = False) -> Invoice | None:
    """The invoice of the period that begins, up to the end of its product where that is announced.

    While its keys do not work, a subscription is not charged for its plan. None where nothing is to be charged.
    """
    plan, start, end = subscription.plan, subscription.current_period_start, subscription.current_period_end
    assert start is not None  # it has begun
    assert end is not None
    is_own = subscription.organization_id == subscription.product.organization_id
    line = plan_line(plan, start, end, until=subscription.product.retires_at)
    asks = line.amount > 0 and not is_own and subscription.status in SubscriptionStatus.callable()
    lines = [line, *discount_lines(subscription=subscription, lines=[line])] if asks else []
    has_items = InvoiceItem.objects.waiting().filter(subscription=subscription).exists()
    invoice = None
    if has_usage or has_items or sum(one.amount for one in lines) > 0:
        invoice = draft_invoice(
            subscription=subscription,
            reason=InvoiceReason.RENEWAL,
            currency=plan.currency,
            start=start,
            end=end,
            lines=lines,
        )
    note_discount(subscription=subscription, lines=lines, invoice=invoice, period_start=start)
    return invoice


def with_waived_period() -> QuerySet[Subscription]:
    """Those that work again, in a period that began while they did not and so was not charged.

    Who has asked to leave at its end is left in it.
    """
    return Subscription.objects.filter(
        ~Q(organization=F("product__organization")),
        is_period_waived=True,
        status__in=SubscriptionStatus.callable(),
        cancel_at_period_end=False,
        collected_by=CollectedBy.PLATFORM,
        plan__price_amount__gt=0,
    ).select_related("plan")


def restart_waived(subscription: Subscription) -> bool:
    """Begin a period that is paid for, now; what was used beyond the plan meanwhile is charged, too. It is locked."""
    at, start = clock.now(), subscription.current_period_start
    used = note_usage(subscription=subscription, plan=subscription.plan, period_start=start, end=at)
    begun = subscriptions.restart_period(subscription=subscription, at=at)
    draft_renewal(subscription=begun, has_usage=used is not None)
    return True
