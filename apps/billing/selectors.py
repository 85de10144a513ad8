"""Reads of invoices and checkouts, scoped to the consumer."""

import datetime as dt

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, When

from apps.accounts.access import Actor
from apps.accounts.models import Organization
from apps.accounts.permissions import Action
from apps.billing.enums import CaseStatus, CheckoutStatus, InvoiceReason, InvoiceStatus
from apps.billing.models import (
    BillingProfile,
    Checkout,
    Coupon,
    CouponRedemption,
    CreditNote,
    Invoice,
    InvoiceLine,
    UsageCase,
)
from apps.core import clock
from apps.core.errors import NotFound
from apps.core.rows import first_or_not_found
from apps.payments.enums import PaymentStatus
from apps.payments.models import Dispute, Payment, Refund
from apps.payments.selectors import list_payments_of
from apps.plans.enums import OverageRule
from apps.plans.models import Quota
from apps.products.models import Product
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription

# What a person calls an open invoice whose charge failed: no status of its own.
PAST_DUE = "past_due"


def list_invoices(actor: Actor) -> QuerySet[Invoice]:
    """The issued invoices of the actor's organization, newest first."""
    actor.require(Action.BILLING_VIEW)
    return (
        Invoice.objects.filter(organization=actor.organization)
        .exclude(status=InvoiceStatus.DRAFT)
        .select_related("product", "subscription", "organization", "checkout", "dunning")
    )


def get_invoice(actor: Actor, *, public_id: str) -> Invoice:
    """With its lines. Raises `NotFound`, also for a draft."""
    return first_or_not_found(list_invoices(actor).prefetch_related("lines__plan").filter(public_id=public_id))


def search_invoices(
    actor: Actor,
    *,
    status: str = "",
    product_slug: str = "",
    first: dt.date | None = None,
    last: dt.date | None = None,
    search: str = "",
) -> QuerySet[Invoice]:
    """Those of `list_invoices` that match: a status or `past_due`, days of issue (UTC), a number or product."""
    found = list_invoices(actor)
    if status == PAST_DUE:
        found = found.filter(status=InvoiceStatus.OPEN, due_at__lte=clock.now(), reason__in=InvoiceReason.automatic())
    elif status:
        found = found.filter(status=status)
    if product_slug:
        found = found.filter(product__slug=product_slug)
    if first:
        found = found.filter(issued_at__gte=dt.datetime.combine(first, dt.time(), dt.UTC))
    if last:
        found = found.filter(issued_at__lt=dt.datetime.combine(last, dt.time(), dt.UTC) + dt.timedelta(days=1))
    if search:
        found = found.filter(Q(number__icontains=search) | Q(product__name__icontains=search))
    return found


def list_invoiced_products(actor: Actor) -> QuerySet[Product]:
    """Those that the actor's organization has invoices of, by name."""
    actor.require(Action.BILLING_VIEW)
    issued = Invoice.objects.filter(organization=actor.organization).exclude(status=InvoiceStatus.DRAFT)
    return Product.objects.filter(pk__in=issued.values("product")).order_by("name", "pk")


def get_line(actor: Actor, *, invoice_id: str, position: int) -> InvoiceLine:
    """The line at a place of an invoice, counted from 1, with what it is evidenced by. Raises `NotFound`."""
    invoice = get_invoice(actor, public_id=invoice_id)
    lines = list(invoice.lines.all())
    if not 1 <= position <= len(lines):
        raise NotFound
    line = lines[position - 1]
    line.invoice = invoice
    return line


def list_product_invoices(actor: Actor, product: Product, *, search: str = "") -> QuerySet[Invoice]:
    """What consumers of a product of the actor's organization were charged, newest first; `search`: number or name."""
    actor.require(Action.CONSUMERS_MANAGE)
    if product.organization_id != actor.organization.pk:
        raise NotFound
    issued = Invoice.objects.filter(product=product).exclude(status=InvoiceStatus.DRAFT)
    if search:
        issued = issued.filter(Q(number__icontains=search) | Q(organization__name__icontains=search))
    return issued.select_related("product", "subscription", "organization", "dunning").order_by("-issued_at", "-id")


def list_consumer_disputes(actor: Actor, subscription: Subscription) -> QuerySet[Dispute]:
    """What a consumer's bank took back of what they paid for a product of the actor's organization, newest first."""
    theirs = list_product_invoices(actor, subscription.product).filter(subscription=subscription).order_by()
    return Dispute.objects.filter(payment__reference__in=theirs.values("public_id")).order_by("-opened_at", "-id")


def get_product_invoice(actor: Actor, product: Product, *, public_id: str) -> Invoice:
    """With its lines. Raises `NotFound`, also for a draft."""
    found = list_product_invoices(actor, product).prefetch_related("lines__plan")
    return first_or_not_found(found.filter(public_id=public_id))


def list_own_credit_notes(actor: Actor) -> QuerySet[CreditNote]:
    """Of all invoices of the actor's organization, newest first."""
    actor.require(Action.BILLING_VIEW)
    own = CreditNote.objects.filter(invoice__organization=actor.organization)
    return _with_refunds(own).select_related("invoice__product")


def list_credit_notes(invoice: Invoice) -> QuerySet[CreditNote]:
    """Of an invoice that the caller fetched for its actor, newest first."""
    return _with_refunds(CreditNote.objects.filter(invoice=invoice)).select_related("invoice")


def _with_refunds(notes: QuerySet[CreditNote]) -> QuerySet[CreditNote]:
    """Each with its `refund_status`: what became of giving it back, at the last attempt; None where none was made."""
    asked = Refund.objects.filter(reference=OuterRef("public_id")).order_by("-pk")
    return notes.annotate(refund_status=Subquery(asked.values("status")[:1]))


def get_credit_note(actor: Actor, *, public_id: str) -> CreditNote:
    """Of an invoice of the actor's organization. Raises `NotFound`."""
    return first_or_not_found(list_own_credit_notes(actor).filter(public_id=public_id))


def get_product_credit_note(actor: Actor, product: Product, *, public_id: str) -> CreditNote:
    """Of an invoice for a product of the actor's organization. Raises `NotFound`."""
    theirs = list_product_invoices(actor, product).order_by()
    notes = CreditNote.objects.filter(invoice__in=theirs.values("pk")).select_related("invoice__product")
    return first_or_not_found(notes.filter(public_id=public_id))


def get_receipt(invoice: Invoice) -> Payment:
    """What paid an invoice that the caller fetched for its actor. Raises `NotFound` where nothing has."""
    return first_or_not_found(list_payments_of(invoice.public_id).filter(status=PaymentStatus.SUCCEEDED))


def find_profile(organization: Organization) -> BillingProfile | None:
    """Who the organization of an actor is on its invoices, where it has said so."""
    return BillingProfile.objects.filter(organization=organization).first()


def get_profile(actor: Actor) -> BillingProfile:
    """Who the actor's organization is on its invoices; an empty one where it has not said so."""
    actor.require(Action.BILLING_VIEW)
    return find_profile(actor.organization) or BillingProfile(organization=actor.organization)


def list_cases_of(line: InvoiceLine) -> QuerySet[UsageCase]:
    """What was disputed of a line that the caller fetched for its actor, newest first."""
    return UsageCase.objects.filter(line=line).select_related("endpoint", "credit_note")


def list_own_cases(actor: Actor) -> QuerySet[UsageCase]:
    """Those that the actor's organization opened, newest first."""
    actor.require(Action.BILLING_VIEW)
    return _cases().filter(line__invoice__organization=actor.organization)


def get_own_case(actor: Actor, *, public_id: str) -> UsageCase:
    """One that the actor's organization opened. Raises `NotFound`."""
    return first_or_not_found(list_own_cases(actor).filter(public_id=public_id))


def list_product_cases(actor: Actor, product: Product) -> QuerySet[UsageCase]:
    """What consumers dispute of a product of the actor's organization, what is open first."""
    actor.require(Action.CONSUMERS_MANAGE)
    if product.organization_id != actor.organization.pk:
        raise NotFound
    is_closed = Case(When(status=CaseStatus.OPEN, then=0), default=1)
    return _cases().filter(line__invoice__product=product).order_by(is_closed, "-opened_at", "-id")


def get_product_case(actor: Actor, product: Product, *, public_id: str) -> UsageCase:
    return first_or_not_found(list_product_cases(actor, product).filter(public_id=public_id))


def _cases() -> QuerySet[UsageCase]:
    return UsageCase.objects.select_related(
        "line__plan", "line__invoice__organization", "line__invoice__product", "line__invoice__subscription",
        "endpoint", "credit_note", "opened_by",
    ).prefetch_related("line__invoice__lines")  # fmt: skip


def count_drafts() -> int:
    """How many invoices of the installation wait to be issued."""
    return Invoice.objects.filter(status=InvoiceStatus.DRAFT).count()


def list_checkouts(actor: Actor) -> QuerySet[Checkout]:
    """The purchases of the actor's organization, newest first."""
    actor.require(Action.BILLING_VIEW)
    return Checkout.objects.filter(organization=actor.organization).select_related(
        "subscription__product__organization", "plan__product", "from_plan", "invoice", "organization"
    )


def get_checkout(actor: Actor, *, public_id: str) -> Checkout:
    """With its invoice's lines. Raises `NotFound`."""
    return first_or_not_found(list_checkouts(actor).prefetch_related("invoice__lines").filter(public_id=public_id))


def find_open_checkout(actor: Actor, subscription: Subscription) -> Checkout | None:
    """The purchase that waits at this subscription of the actor's organization."""
    actor.require(Action.BILLING_VIEW)
    return Checkout.objects.filter(
        organization=actor.organization, subscription=subscription, status=CheckoutStatus.OPEN
    ).first()


def list_overdue(actor: Actor) -> QuerySet[Invoice]:
    """Invoices of the actor's organization that should have been charged, and are open; oldest first."""
    return (
        list_invoices(actor)
        .filter(status=InvoiceStatus.OPEN, reason__in=InvoiceReason.automatic())
        .order_by("issued_at", "id")
    )


def owes(subscription: Subscription) -> bool:
    """Whether an invoice of it that is charged by itself is open."""
    return Invoice.objects.filter(
        subscription=subscription, status=InvoiceStatus.OPEN, reason__in=InvoiceReason.automatic()
    ).exists()


def has_renewals(organization: Organization) -> bool:
    """Whether a subscription of the organization is to be renewed against payment, or charges what is used."""
    own = F("product__organization")
    ends = Q(cancel_at_period_end=True) | Q(pending_plan__price_amount=0)
    begun = Subscription.objects.filter(organization=organization, status__in=SubscriptionStatus.begun())
    begun = begun.exclude(organization=own)
    charged = Exists(Quota.objects.filter(plan=OuterRef("plan"), overage__in=OverageRule.charged()))
    return (
        begun.filter(charged, plan__price_amount=0).exists()
        or begun.filter(plan__price_amount__gt=0).exclude(ends).exists()
    )


def list_coupons(actor: Actor, product: Product) -> QuerySet[Coupon]:
    """Those of a product of the actor's organization, newest first, each with its `redemption_count`."""
    actor.require(Action.VIEW)
    return Coupon.objects.filter(product=product, product__organization=actor.organization).annotate(
        redemption_count=Count("redemptions")
    )


def get_coupon(actor: Actor, product: Product, *, public_id: str) -> Coupon:
    """Raises `NotFound`."""
    return first_or_not_found(list_coupons(actor, product).filter(public_id=public_id))


def find_coupon_of(subscription: Subscription) -> CouponRedemption | None:
    """The coupon that holds for a subscription which the caller fetched for its actor."""
    entered = CouponRedemption.objects.select_related("coupon").filter(subscription=subscription)
    return next((redemption for redemption in entered if redemption.is_running), None)
