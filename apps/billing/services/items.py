"""Lines that wait for the next invoice: what is below the smallest charge, and what was found late."""

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db.models import F, Max, Min, Q, QuerySet, Sum

from apps.accounts.audit import record_event
from apps.billing.enums import InvoiceReason, InvoiceStatus, LineKind
from apps.billing.models import Invoice, InvoiceItem
from apps.billing.services.invoicing import LineSpec, add_lines, draft_invoice
from apps.core import clock
from apps.payments.providers import provider_named
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription

_TAKEN_UP = "taken_up:"


def smallest_charge(currency: str) -> int:
    """What an invoice must come to, in minor units, so that the provider charges it."""
    return max(1, provider_named(settings.PAYMENT_PROVIDER).minimum_amount(currency))


def add_items(
    *, subscription: Subscription, currency: str, lines: Iterable[LineSpec], source: str
) -> list[InvoiceItem]:
    """Let these lines wait for the next invoice in their currency. A `source` is added once, else IntegrityError."""
    now = clock.now()
    return InvoiceItem.objects.bulk_create(
        InvoiceItem(
            subscription=subscription,
            currency=currency,
            kind=line.kind,
            description=line.description[:300],
            quantity=line.quantity,
            unit_amount=line.unit_amount,
            amount=line.amount,
            plan=line.plan,
            period_start=line.start,
            period_end=line.end,
            source=f"{source}:{number}",
            created_at=now,
        )
        for number, line in enumerate(lines, 1)
    )


def waiting_items(subscription_id: int, currency: str) -> list[InvoiceItem]:
    """What the next invoice in this currency takes up, locked."""
    items = InvoiceItem.objects.waiting().select_for_update(of=("self",)).select_related("plan")
    return list(items.filter(subscription=subscription_id, currency=currency).order_by("pk"))


def charge_items(*, invoice: Invoice, items: Sequence[InvoiceItem]) -> None:
    """Put locked items onto a draft that is issued next."""
    add_lines(
        invoice=invoice,
        lines=[
            LineSpec(
                LineKind(item.kind),
                item.description,
                item.plan,
                item.period_start,
                item.period_end,
                item.amount,
                item.unit_amount,
                item.quantity,
            )
            for item in items
        ],
    )
    InvoiceItem.objects.filter(pk__in=[item.pk for item in items]).update(invoice=invoice)


def carry_over(*, invoice: Invoice) -> None:
    """Let the lines of a draft that is too small to be charged wait for the next one; the draft is gone."""
    lines = [
        LineSpec(
            LineKind(line.kind),
            line.description,
            line.plan,
            line.period_start,
            line.period_end,
            line.amount,
            line.unit_amount,
            line.quantity,
        )
        for line in invoice.lines.select_related("plan")
    ]
    add_items(
        subscription=invoice.subscription, currency=invoice.currency, lines=lines, source=f"carried:{invoice.public_id}"
    )
    invoice.delete()


def with_stranded_items() -> QuerySet[Subscription]:
    """Subscriptions with items that no renewal takes up: canceled, or going on in another currency."""
    is_canceled = Q(subscription__status=SubscriptionStatus.CANCELED)
    waiting = InvoiceItem.objects.waiting().filter(is_canceled | ~Q(currency=F("subscription__plan__currency")))
    drafted = Invoice.objects.filter(status=InvoiceStatus.DRAFT)
    return (
        Subscription.objects.filter(pk__in=waiting.values("subscription"))
        .exclude(pk__in=drafted.values("subscription"))
        .order_by("pk")
    )


def bill_stranded(subscription: Subscription) -> bool:
    """Draft an invoice for each currency of stranded items; too small and canceled, they are waived. It is locked.

    With what earlier subscriptions to the product left, they may be enough.
    """
    is_canceled = subscription.status == SubscriptionStatus.CANCELED
    waiting = InvoiceItem.objects.waiting().filter(subscription=subscription)
    if not is_canceled:
        waiting = waiting.exclude(currency=subscription.plan.currency)
    sums = (
        waiting.order_by()
        .values("currency")
        .annotate(total=Sum("amount"), start=Min("period_start"), end=Max("period_end"))
    )
    done = False
    for row in sums:
        total = row["total"]
        if is_canceled and 0 < total < smallest_charge(row["currency"]):
            total += _take_up_waived(subscription, row["currency"], total)
        if total >= smallest_charge(row["currency"]):
            draft_invoice(
                subscription=subscription,
                reason=InvoiceReason.USAGE,
                currency=row["currency"],
                start=row["start"],
                end=row["end"],
                lines=[],
            )
            done = True
        elif is_canceled:
            _waive(subscription, waiting.filter(currency=row["currency"]), f"{row['total']} {row['currency']}")
            done = True
    return done


def _take_up_waived(subscription: Subscription, currency: str, total: int) -> int:
    """Charge what earlier subscriptions of the organization to the product left, where it is enough by now; how much.

    Else who cancels and begins again would have each beginning for nothing. Each item is taken up once.
    """
    rests = InvoiceItem.objects.filter(
        waived_at__isnull=False,
        currency=currency,
        subscription__organization=subscription.organization_id,
        subscription__product=subscription.product_id,
    ).exclude(subscription=subscription)
    sources = InvoiceItem.objects.filter(source__startswith=_TAKEN_UP, subscription__in=_siblings(subscription))
    taken = {int(source.removeprefix(_TAKEN_UP)) for source in sources.values_list("source", flat=True)}
    left = [rest for rest in rests.order_by("pk") if rest.pk not in taken]
    amount = sum(rest.amount for rest in left)
    if total + amount < smallest_charge(currency):
        return 0
    now = clock.now()
    for rest in left:
        source = f"{_TAKEN_UP}{rest.pk}"
        rest.pk, rest.subscription, rest.source, rest.waived_at, rest.created_at = None, subscription, source, None, now
        rest.save(force_insert=True)
    return amount


def _siblings(subscription: Subscription) -> QuerySet[Subscription]:
    return Subscription.objects.filter(organization=subscription.organization_id, product=subscription.product_id)


def _waive(subscription: Subscription, items: QuerySet[InvoiceItem], amount: str) -> None:
    items.update(waived_at=clock.now())
    record_event(
        organization=subscription.organization,
        actor=None,
        action="invoice_items.waived",
        target=subscription.public_id,
        summary=f"Waived {amount} in minor units at the end of {subscription.product.name}: too little to be charged",
    )
