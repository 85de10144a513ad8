"""Reads of invoices and checkouts, scoped to the consumer."""

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from apps.accounts.access import Actor
from apps.accounts.models import Organization
from apps.accounts.permissions import Action
from apps.billing.enums import CheckoutStatus, InvoiceReason, InvoiceStatus
from apps.billing.models import Checkout, Coupon, CouponRedemption, Invoice
from apps.core.rows import first_or_not_found
from apps.plans.enums import OverageRule
from apps.plans.models import Quota
from apps.products.models import Product
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription


def list_invoices(actor: Actor) -> QuerySet[Invoice]:
    """The issued invoices of the actor's organization, newest first."""
    actor.require(Action.BILLING_VIEW)
    return (
        Invoice.objects.filter(organization=actor.organization)
        .exclude(status=InvoiceStatus.DRAFT)
        .select_related("product", "subscription", "organization", "checkout")
    )


def get_invoice(actor: Actor, *, public_id: str) -> Invoice:
    """With its lines. Raises `NotFound`, also for a draft."""
    return first_or_not_found(list_invoices(actor).prefetch_related("lines__plan").filter(public_id=public_id))


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
